import t from 'tap'
import { closingAt, isTimeZone, type OpeningSpan, openingAt } from '../../src/theatres/opening-hours.js'
import { orderingAt } from '../../src/theatres/ordering-queries.js'

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
const daily = (opens: string, closes: string): OpeningSpan[] => DAYS.map((day) => ({ day, opens, closes }))

function at(
  now: string,
  openingHours: OpeningSpan[] | null,
  { lastOrders = 0, timeZone = 'Asia/Kolkata' } = {},
) {
  const { accepting, reopensAt } = openingAt({ timeZone, openingHours, lastOrders }, new Date(now))
  return accepting ? 'open' : (reopensAt?.toISOString() ?? 'never')
}

t.test('no hours: always open; an empty list: never', async (t) => {
  t.equal(at('2026-11-29T00:00:00Z', null), 'open')
  t.equal(at('2026-11-29T00:00:00Z', []), 'never')
})

t.test('hours are those of the theatre’s own clock, without the minute of closing', async (t) => {
  const hours = daily('10:00', '22:00')
  t.equal(at('2026-11-29T04:29:59Z', hours), '2026-11-29T04:30:00.000Z')
  t.equal(at('2026-11-29T04:30:00Z', hours), 'open')
  t.equal(at('2026-11-29T16:29:59Z', hours), 'open')
  t.equal(at('2026-11-29T16:30:00Z', hours), '2026-11-30T04:30:00.000Z')
})

t.test('a span may end on the next day', async (t) => {
  const saturday: OpeningSpan[] = [{ day: 'saturday', opens: '18:00', closes: '02:00' }]
  t.equal(at('2026-11-28T20:00:00Z', saturday), 'open', 'Sunday, 01:30')
  t.equal(at('2026-11-28T20:30:00Z', saturday), '2026-12-05T12:30:00.000Z')
  const allDay: OpeningSpan[] = [{ day: 'saturday', opens: '10:00', closes: '10:00' }]
  t.equal(at('2026-11-29T04:00:00Z', allDay), 'open', 'the same time: a whole day')
})

t.test('last orders come before closing, but not where the next span follows at once', async (t) => {
  const hours = daily('10:00', '22:00')
  t.equal(at('2026-11-29T15:59:00Z', hours, { lastOrders: 30 }), 'open')
  t.equal(at('2026-11-29T16:00:00Z', hours, { lastOrders: 30 }), '2026-11-30T04:30:00.000Z')
  const through: OpeningSpan[] = [
    { day: 'saturday', opens: '20:00', closes: '24:00' },
    { day: 'sunday', opens: '00:00', closes: '02:00' },
  ]
  t.equal(at('2026-11-28T18:20:00Z', through, { lastOrders: 30 }), 'open', '23:50')
  t.equal(at('2026-11-28T20:10:00Z', through, { lastOrders: 30 }), '2026-12-05T14:30:00.000Z', '01:40')
  t.equal(at('2026-11-29T05:00:00Z', hours, { lastOrders: 720 }), 'never', 'longer than the span')
})

t.test('hours follow daylight saving', async (t) => {
  const hours = daily('10:00', '22:00')
  const zone = { timeZone: 'Europe/Berlin' }
  t.equal(at('2026-03-28T22:00:00Z', hours, zone), '2026-03-29T08:00:00.000Z', 'the night of the change')
  t.equal(at('2026-03-27T22:00:00Z', hours, zone), '2026-03-28T09:00:00.000Z', 'the day before')
  t.equal(at('2026-10-24T21:00:00Z', hours, zone), '2026-10-25T09:00:00.000Z', 'back to winter')
})

t.test('time zones are names', async (t) => {
  for (const name of ['Asia/Kolkata', 'UTC', 'America/Argentina/Ushuaia']) t.ok(isTimeZone(name), name)
  for (const name of ['', '+05:30', 'Asia/Atlantis', 'x', ' UTC', 'IST', 'CET', 'EST5EDT'])
    t.notOk(isTimeZone(name), name)
})

t.test('the next closing time, for open pages', async (t) => {
  const closing = (now: string, openingHours: OpeningSpan[] | null, lastOrders = 0) =>
    closingAt({ timeZone: 'Asia/Kolkata', openingHours, lastOrders }, new Date(now))?.toISOString() ?? 'never'
  const hours = daily('10:00', '22:00')
  t.equal(closing('2026-11-29T05:00:00Z', hours), '2026-11-29T16:30:00.000Z')
  t.equal(closing('2026-11-29T05:00:00Z', hours, 30), '2026-11-29T16:00:00.000Z')
  t.equal(closing('2026-11-29T04:00:00Z', hours), 'never', 'it is closed')
  t.equal(closing('2026-11-29T05:00:00Z', null), 'never')
})

t.test('a pause and opening hours together: orders are taken when both allow it', async (t) => {
  const hours = { timeZone: 'Asia/Kolkata', openingHours: daily('10:00', '22:00'), lastOrders: 0 }
  const noon = new Date('2026-11-29T06:30:00Z')
  const none = { accepting: true, reopensAt: null }
  const until = (time: string) => ({ accepting: false, reopensAt: new Date(time) })
  t.same(orderingAt(none, hours, noon), none)
  t.same(orderingAt(none, hours, new Date('2026-11-29T17:00:00Z')), until('2026-11-30T04:30:00Z'))
  t.same(orderingAt(until('2026-11-29T07:00:00Z'), hours, noon), until('2026-11-29T07:00:00Z'))
  t.same(
    orderingAt(until('2026-11-29T17:00:00Z'), hours, noon),
    until('2026-11-30T04:30:00Z'),
    'it ends at night',
  )
  t.same(orderingAt({ accepting: false, reopensAt: null }, hours, noon), {
    accepting: false,
    reopensAt: null,
  })
})
