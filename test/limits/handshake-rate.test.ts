import t from 'tap'
import { CROWDED_LIMIT, HandshakeRate, SESSION_LIMIT } from '../../src/limits/handshake-rate.js'
import { createLocalCounter } from '../../src/limits/hit-counter.js'

function createRate() {
  const clock = { ms: 1000 }
  const counter = () => createLocalCounter({ now: () => clock.ms })
  const rate = new HandshakeRate(counter(), counter())
  const waits = async (times: number, client: string, guestAddress: string | null) => {
    let last = 0
    for (let i = 0; i < times; i++) last = await rate.add({ client, guestAddress })
    return last
  }
  return { clock, waits }
}

t.test('a session may have 30 handshakes in 10 s, and waits for the rest of the window', async (t) => {
  const { clock, waits } = createRate()
  t.equal(await waits(SESSION_LIMIT, 'session a', null), 0)
  clock.ms += 4000
  t.equal(await waits(1, 'session a', null), 6000)
  t.equal(await waits(1, 'session b', null), 0, 'another session is not touched')
  clock.ms += 6001
  t.equal(await waits(SESSION_LIMIT, 'session a', null), 0)
})

t.test('in a crowd at its address a guest may come back less often, and is not refused', async (t) => {
  const { clock, waits } = createRate()
  for (let i = 0; i < 40; i++) await waits(SESSION_LIMIT, `session ${i}`, '192.0.2.1')
  t.equal(await waits(CROWDED_LIMIT, 'a newcomer', '192.0.2.1'), 0, 'the first ones of each session')
  t.not(await waits(1, 'a newcomer', '192.0.2.1'), 0)
  t.equal(await waits(SESSION_LIMIT, 'a guest elsewhere', '192.0.2.2'), 0)
  t.equal(await waits(SESSION_LIMIT, 'staff', null), 0)
  clock.ms += 10_001
  t.equal(await waits(SESSION_LIMIT, 'a newcomer', '192.0.2.1'), 0, 'when the crowd has gone')
})

t.test('crowds from many addresses count together', async (t) => {
  const { waits } = createRate()
  for (let i = 0; i < 120; i++) await waits(SESSION_LIMIT, `session ${i}`, `192.0.2.${i}`)
  t.equal(await waits(CROWDED_LIMIT, 'a newcomer', '198.51.100.1'), 0)
  t.not(await waits(1, 'a newcomer', '198.51.100.1'), 0)
  t.equal(await waits(SESSION_LIMIT, 'staff', null), 0)
})
