import t from 'tap'
import { createLocalCounter } from '../../src/limits/hit-counter.js'
import { createLoginThrottle, noThrottle } from '../../src/limits/login-throttle.js'

function throttleWithClock() {
  let time = 1
  const throttle = createLoginThrottle(createLocalCounter({ now: () => time }))
  return {
    attempt: throttle.attempt,
    advance: (seconds: number) => {
      time += seconds * 1000
    },
  }
}

const ELSEWHERE = '198.51.100.7'

t.test('ten attempts on one account from one address, then 429', async (t) => {
  const { attempt, advance } = throttleWithClock()
  for (let i = 0; i < 10; i++) await attempt('staff', '192.0.2.1')
  advance(100)
  await t.rejects(attempt('staff', '192.0.2.1'), { status: 429, code: 'too_many_requests', retryAfter: 200 })
  await t.rejects(attempt('STAFF', '192.0.2.1'), { status: 429, code: 'too_many_requests' }, 'ignoring case')
  await attempt('staff', ELSEWHERE)
  await attempt('another', '192.0.2.1')
  advance(200.001)
  await attempt('staff', '192.0.2.1')
})

t.test('a hundred concurrent attempts all count', async (t) => {
  const { attempt } = throttleWithClock()
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => attempt('staff', '192.0.2.1')))
  t.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 10)
})

t.test('the right password takes the attempt back', async () => {
  const { attempt } = throttleWithClock()
  for (let i = 0; i < 200; i++) await (await attempt('staff', '192.0.2.1')).succeeded()
})

t.test('fifty attempts from one address on any accounts, then 429', async (t) => {
  const { attempt } = throttleWithClock()
  for (let i = 0; i < 50; i++) await attempt(`user-${i}`, '192.0.2.1')
  await t.rejects(attempt('one-more', '192.0.2.1'), { status: 429, code: 'too_many_requests' })
})

t.test('guessing from many addresses is slowed, and the owner can sign in from elsewhere', async (t) => {
  const { attempt } = throttleWithClock()
  for (let i = 0; i < 40; i++) await attempt('staff', `203.0.113.${i}`)
  for (let i = 0; i < 3; i++) await attempt('staff', '203.0.113.200')
  await t.rejects(
    attempt('staff', '203.0.113.200'),
    { status: 429, code: 'too_many_requests' },
    'three attempts per address',
  )
  const owner = await attempt('staff', ELSEWHERE)
  await owner.succeeded()
})

t.test('noThrottle never refuses', async () => {
  for (let i = 0; i < 100; i++) await (await noThrottle.attempt('staff', '192.0.2.1')).succeeded()
})
