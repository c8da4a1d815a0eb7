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
  for (let i = 0; i < 10; i++) await attempt({ username: 'staff', ip: '192.0.2.1', recognizedAs: null })
  advance(100)
  await t.rejects(attempt({ username: 'staff', ip: '192.0.2.1', recognizedAs: null }), {
    status: 429,
    code: 'too_many_requests',
    retryAfter: 200,
  })
  await t.rejects(
    attempt({ username: 'STAFF', ip: '192.0.2.1', recognizedAs: null }),
    { status: 429, code: 'too_many_requests' },
    'ignoring case',
  )
  await attempt({ username: 'staff', ip: ELSEWHERE, recognizedAs: null })
  await attempt({ username: 'another', ip: '192.0.2.1', recognizedAs: null })
  advance(200.001)
  await attempt({ username: 'staff', ip: '192.0.2.1', recognizedAs: null })
})

t.test('a hundred concurrent attempts all count', async (t) => {
  const { attempt } = throttleWithClock()
  const outcomes = await Promise.allSettled(
    Array.from({ length: 100 }, () => attempt({ username: 'staff', ip: '192.0.2.1', recognizedAs: null })),
  )
  t.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 10)
})

t.test('the right password takes the attempt back', async () => {
  const { attempt } = throttleWithClock()
  for (let i = 0; i < 200; i++)
    await (await attempt({ username: 'staff', ip: '192.0.2.1', recognizedAs: null })).succeeded()
})

t.test('fifty attempts from one address on any accounts, then 429', async (t) => {
  const { attempt } = throttleWithClock()
  for (let i = 0; i < 50; i++) await attempt({ username: `user-${i}`, ip: '192.0.2.1', recognizedAs: null })
  await t.rejects(attempt({ username: 'one-more', ip: '192.0.2.1', recognizedAs: null }), {
    status: 429,
    code: 'too_many_requests',
  })
})

t.test('guessing from many addresses is slowed, and the owner can sign in from elsewhere', async (t) => {
  const { attempt } = throttleWithClock()
  for (let i = 0; i < 40; i++) await attempt({ username: 'staff', ip: `203.0.113.${i}`, recognizedAs: null })
  for (let i = 0; i < 3; i++) await attempt({ username: 'staff', ip: '203.0.113.200', recognizedAs: null })
  await t.rejects(
    attempt({ username: 'staff', ip: '203.0.113.200', recognizedAs: null }),
    { status: 429, code: 'too_many_requests' },
    'three attempts per address',
  )
  const owner = await attempt({ username: 'staff', ip: ELSEWHERE, recognizedAs: null })
  await owner.succeeded()
})

t.test('noThrottle never refuses', async () => {
  for (let i = 0; i < 100; i++)
    await (await noThrottle.attempt({ username: 'staff', ip: '192.0.2.1', recognizedAs: null })).succeeded()
})

t.test('a device that was signed in before is counted by itself, for its account', async (t) => {
  const { attempt, advance } = throttleWithClock()
  const ip = '192.0.2.1'
  const fails = (recognizedAs: string | null, username = 'staff') =>
    t.rejects(attempt({ username, ip, recognizedAs }), { status: 429, code: 'too_many_requests' })
  for (let i = 0; i < 50; i++) await attempt({ username: `user-${i}`, ip, recognizedAs: null })
  await fails(null)
  for (let i = 0; i < 10; i++) {
    const { priority } = await attempt({ username: 'staff', ip, recognizedAs: 'device a' })
    t.ok(priority.urgent)
  }
  await fails('device a')
  await attempt({ username: 'staff', ip, recognizedAs: 'device b' })
  advance(300.001)
  await attempt({ username: 'staff', ip, recognizedAs: 'device a' })
  t.notOk((await attempt({ username: 'staff', ip, recognizedAs: null })).priority.urgent)
})
