import t from 'tap'
import { createLoginThrottle, noThrottle } from '../../src/limits/login-throttle.js'
import { createMemoryCounter } from '../../src/limits/memory-counter.js'

function throttleWithClock() {
  let time = 0
  const throttle = createLoginThrottle(createMemoryCounter({ now: () => time }))
  return {
    attempt: throttle.attempt,
    pass: (seconds: number) => {
      time += seconds * 1000
    },
  }
}

const ELSEWHERE = '198.51.100.7'

t.test('ten tries at one account from one address, then a pause', async (t) => {
  const { attempt, pass } = throttleWithClock()
  for (let i = 0; i < 10; i++) await attempt('staff', '192.0.2.1')
  pass(100)
  await t.rejects(attempt('staff', '192.0.2.1'), { status: 429, code: 'too_many_requests', retryAfter: 200 })
  await t.rejects(attempt('STAFF', '192.0.2.1'), { status: 429, code: 'too_many_requests' }, 'in any case')
  await attempt('staff', ELSEWHERE)
  await attempt('another', '192.0.2.1')
  pass(200)
  await attempt('staff', '192.0.2.1')
})

t.test('a hundred at once are a hundred tries', async (t) => {
  const { attempt } = throttleWithClock()
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => attempt('staff', '192.0.2.1')))
  t.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 10)
})

t.test('who knows the password is not counted', async () => {
  const { attempt } = throttleWithClock()
  for (let i = 0; i < 200; i++) await (await attempt('staff', '192.0.2.1')).succeeded()
})

t.test('one address has fifty tries at whatever accounts', async (t) => {
  const { attempt } = throttleWithClock()
  for (let i = 0; i < 50; i++) await attempt(`user-${i}`, '192.0.2.1')
  await t.rejects(attempt('one-more', '192.0.2.1'), { status: 429, code: 'too_many_requests' })
})

t.test('guessing from many addresses slows down, and the user still gets in from elsewhere', async (t) => {
  const { attempt } = throttleWithClock()
  for (let i = 0; i < 40; i++) await attempt('staff', `203.0.113.${i}`)
  for (let i = 0; i < 3; i++) await attempt('staff', '203.0.113.200')
  await t.rejects(
    attempt('staff', '203.0.113.200'),
    { status: 429, code: 'too_many_requests' },
    'three guesses an address',
  )
  const mine = await attempt('staff', ELSEWHERE)
  await mine.succeeded()
})

t.test('the counter holds a bounded number of keys', async (t) => {
  let time = 0
  const counter = createMemoryCounter({ now: () => time, maxKeys: 3 })
  for (const key of ['a', 'b', 'c', 'd']) await counter.hit(key, 10, 1)
  t.ok((await counter.hit('a', 10, 1)).allowed, 'the oldest was forgotten')
  t.notOk((await counter.hit('d', 10, 1)).allowed)
  time = 10_000
  t.ok((await counter.hit('d', 10, 1)).allowed, 'a window ends')
  await counter.forgive('d')
  await counter.forgive('d')
  await counter.forgive('nobody')
  t.ok((await counter.hit('d', 10, 1)).allowed, 'and never counts below nothing')
  t.notOk((await counter.hit('d', 10, 1)).allowed)
})

t.test('lifted, it lets everybody try', async () => {
  for (let i = 0; i < 100; i++) await (await noThrottle.attempt('staff', '192.0.2.1')).succeeded()
})
