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
  for (let i = 0; i < 10; i++) await attempt({ username: 'staff', ip: '192.0.2.1', known: null })
  advance(100)
  await t.rejects(attempt({ username: 'staff', ip: '192.0.2.1', known: null }), {
    status: 429,
    code: 'too_many_requests',
    retryAfter: 200,
  })
  await t.rejects(
    attempt({ username: 'STAFF', ip: '192.0.2.1', known: null }),
    { status: 429, code: 'too_many_requests' },
    'ignoring case',
  )
  await attempt({ username: 'staff', ip: ELSEWHERE, known: null })
  await attempt({ username: 'another', ip: '192.0.2.1', known: null })
  advance(200.001)
  await attempt({ username: 'staff', ip: '192.0.2.1', known: null })
})

t.test('a hundred concurrent attempts all count', async (t) => {
  const { attempt } = throttleWithClock()
  const outcomes = await Promise.allSettled(
    Array.from({ length: 100 }, () => attempt({ username: 'staff', ip: '192.0.2.1', known: null })),
  )
  t.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 10)
})

t.test('the right password takes the attempt back', async () => {
  const { attempt } = throttleWithClock()
  for (let i = 0; i < 200; i++)
    await (await attempt({ username: 'staff', ip: '192.0.2.1', known: null })).succeeded()
})

t.test('fifty attempts from one address on any accounts, then 429', async (t) => {
  const { attempt } = throttleWithClock()
  for (let i = 0; i < 50; i++) await attempt({ username: `user-${i}`, ip: '192.0.2.1', known: null })
  await t.rejects(attempt({ username: 'one-more', ip: '192.0.2.1', known: null }), {
    status: 429,
    code: 'too_many_requests',
  })
})

t.test('guessing from many addresses is slowed, and the owner can sign in from elsewhere', async (t) => {
  const { attempt } = throttleWithClock()
  for (let i = 0; i < 40; i++) await attempt({ username: 'staff', ip: `203.0.113.${i}`, known: null })
  for (let i = 0; i < 3; i++) await attempt({ username: 'staff', ip: '203.0.113.200', known: null })
  await t.rejects(
    attempt({ username: 'staff', ip: '203.0.113.200', known: null }),
    { status: 429, code: 'too_many_requests' },
    'three attempts per address',
  )
  const owner = await attempt({ username: 'staff', ip: ELSEWHERE, known: null })
  await owner.succeeded()
})

t.test('noThrottle never refuses', async () => {
  for (let i = 0; i < 100; i++)
    await (await noThrottle.attempt({ username: 'staff', ip: '192.0.2.1', known: null })).succeeded()
})

t.test('a device that was signed in before is counted by itself, for its account', async (t) => {
  const { attempt, advance } = throttleWithClock()
  const ip = '192.0.2.1'
  const fails = (known: string | null, username = 'staff') =>
    t.rejects(attempt({ username, ip, known }), { status: 429, code: 'too_many_requests' })
  for (let i = 0; i < 50; i++) await attempt({ username: `user-${i}`, ip, known: null })
  await fails(null)
  for (let i = 0; i < 10; i++) {
    const { turn } = await attempt({ username: 'staff', ip, known: 'device a' })
    t.ok(turn.urgent)
  }
  await fails('device a')
  await attempt({ username: 'staff', ip, known: 'device b' })
  advance(300.001)
  await attempt({ username: 'staff', ip, known: 'device a' })
  t.notOk((await attempt({ username: 'staff', ip, known: null })).turn.urgent)
})
