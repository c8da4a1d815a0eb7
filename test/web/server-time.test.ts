import t from 'tap'
import { createServerTime } from '../../web/lib/server-time.js'

const NOON = Date.parse('2026-11-23T12:00:00.000Z')

/** A clock that shows `shown` when the page has run for `ran` milliseconds; `pass` lets time go by. */
function begin(shown: number, ran = 5000) {
  let monotonic = ran
  const time = createServerTime(() => monotonic, shown - ran)
  return {
    ...time,
    pass: (milliseconds: number): void => {
      monotonic += milliseconds
    },
    /** The `Date` header of an answer that arrives now. */
    header: (date: number, tookMs: number): void =>
      time.note({ earliest: date, latest: date + 1000, sentAt: monotonic - tookMs, receivedAt: monotonic }),
  }
}

t.test('before the first reading it is the device’s clock, and runs monotonically', async (t) => {
  const time = begin(NOON)
  time.pass(750)
  t.equal(time.now(), NOON + 750)
})

t.test('a right clock is not moved by rounding or latency', async (t) => {
  const time = begin(NOON + 900)
  time.header(NOON, 30)
  t.equal(time.now(), NOON + 900, 'a header has whole seconds')
  time.pass(8000)
  time.header(NOON, 9000)
  t.equal(time.now(), NOON + 8900, 'an answer may be on its way for long')
})

t.test('a wrong clock is put right, as far as the reading is exact', async (t) => {
  for (const wrong of [-600_000, 600_000]) {
    const time = begin(NOON + wrong)
    time.note({ earliest: NOON, latest: NOON + 1, sentAt: 4960, receivedAt: 5000 })
    t.ok(time.now() >= NOON && time.now() <= NOON + 41, `off by ${wrong} ms`)
    time.pass(60_000)
    t.ok(time.now() >= NOON + 60_000 && time.now() <= NOON + 60_041)
  }
})

t.test('a monotonic clock that stood still during sleep is put right by the next reading', async (t) => {
  const time = begin(NOON)
  time.pass(1000)
  time.note({ earliest: NOON + 601_000, latest: NOON + 601_001, sentAt: 5950, receivedAt: 6000 })
  t.equal(time.now(), NOON + 601_000)
})

t.test('no reading: nothing changes', async (t) => {
  const time = begin(NOON)
  time.note({ earliest: Number.NaN, latest: Number.NaN, sentAt: 0, receivedAt: 5000 })
  t.equal(time.now(), NOON)
})
