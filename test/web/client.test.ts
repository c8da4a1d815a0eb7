import t from 'tap'
import { WebSocket } from 'ws'
import { type Incoming, type Link, LiveClient, type LiveOptions } from '../../web/live/client.js'
import type { Teardown } from '../helpers/teardown.js'
import { until } from '../helpers/until.js'
import { deadUrl, event, hello, ManualClock, PeerServer } from './peer.js'

const G = 'theatre:1:orders'

interface Seen {
  client: LiveClient
  clock: ManualClock
  links: string[]
  messages: Incoming[]
  bugs: string[]
  left: string[]
}

async function begin(
  test: Teardown,
  options: Partial<LiveOptions> = {},
): Promise<Seen & { server: PeerServer }> {
  const server = new PeerServer()
  const url = options.url ?? (await server.listen())
  const clock = new ManualClock()
  const seen = {
    clock,
    links: [] as string[],
    messages: [] as Incoming[],
    bugs: [] as string[],
    left: [] as string[],
  }
  const client = new LiveClient({
    onLink: (link: Link) => seen.links.push(link.state),
    onMessage: (message) => seen.messages.push(message),
    onProtocolError: (what) => seen.bugs.push(what),
    onLeft: (group) => seen.left.push(group),
    open: (url, protocol) => new WebSocket(url, protocol),
    clock,
    random: () => 1,
    ...options,
    url,
  })
  test.teardown(async () => {
    client.stop()
    await server.close()
  })
  return { ...seen, client, server }
}

/** Acts as the service until the client is live: greeting, subscription, snapshot at `seq`. */
async function goLive(
  { client, server }: { client: LiveClient; server: PeerServer },
  seq = 41,
): Promise<void> {
  client.start()
  const peer = await server.peer(0)
  peer.send(hello([G], { [G]: seq }))
  await until(() => peer.received.find((message) => message.type === 'subscribe'), 'the subscription')
  peer.send({ type: 'snapshot', group: G, seq, data: { orders: [] } })
  await until(() => client.link.state === 'live', 'live')
}

t.test('subscribes without cursors, and is live once every snapshot has arrived', async (t) => {
  const seen = await begin(t)
  t.equal(seen.client.link.state, 'connecting')
  seen.client.start()
  const peer = await seen.server.peer(0)
  t.equal(peer.socket.protocol, 'houselights.v1')
  peer.send(hello([G]))
  await until(() => peer.received.length === 1, 'the subscription')
  t.same(peer.received, [{ type: 'subscribe', cursors: {} }])
  peer.send({ type: 'presence', group: G, online: { staff: 1 } })
  await until(() => seen.messages.length === 2, 'the presence')
  t.equal(seen.client.link.state, 'catching-up', 'the snapshot is missing')
  peer.send({ type: 'snapshot', group: G, seq: 41, data: {} })
  await until(() => seen.client.link.state === 'live', 'live')
  t.same(seen.links, ['catching-up', 'live'])
  t.same(seen.client.cursors(), { [G]: 41 })
})

t.test(
  'reconnects with its cursors, delivers the missed events, and is live after the last one',
  async (t) => {
    const seen = await begin(t)
    await goLive(seen)
    const first = await seen.server.peer(0)
    first.send(event(G, 42))
    await until(() => seen.client.cursors()[G] === 42, 'event 42')
    seen.clock.advance(1000)
    first.socket.terminate()
    await until(() => seen.client.link.state === 'stale', 'stale')
    t.equal(seen.client.link.since, seen.clock.now() - 1000, 'stale since the last frame received')
    seen.clock.advance(500)
    const second = await seen.server.peer(1)
    second.send(hello([G], { [G]: 44 }))
    await until(() => second.received.length === 1, 'the subscription')
    t.same(second.received, [{ type: 'subscribe', cursors: { [G]: 42 } }])
    second.send({ type: 'pong' })
    second.send(event(G, 43))
    await until(() => seen.client.cursors()[G] === 43, 'event 43')
    t.equal(seen.client.link.state, 'catching-up', 'one event is still missing')
    second.send(event(G, 44))
    await until(() => seen.client.link.state === 'live', 'live again')
    const seqs = seen.messages.flatMap((message) => (message.type === 'event' ? [message.seq] : []))
    t.same(seqs, [42, 43, 44])
    t.same(seen.bugs, [])
  },
)

t.test('a gap is reported, and repaired by a fresh snapshot of that group alone', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const first = await seen.server.peer(0)
  first.send(event(G, 41))
  first.send(event(G, 43))
  await until(() => seen.bugs.length === 2, 'two reports')
  t.match(seen.bugs[0], /event 41 came again after 41/)
  t.match(seen.bugs[1], /event 43 came after 41/)
  t.equal(seen.messages.filter((message) => message.type === 'event').length, 0, 'neither was applied')
  t.equal(seen.client.link.state, 'stale')
  seen.clock.advance(500)
  const second = await seen.server.peer(1)
  second.send(hello([G]))
  await until(() => second.received.length > 0, 'the subscription')
  t.same(second.received[0], { type: 'subscribe', cursors: {} })
})

t.test('backs off with full jitter, up to ten seconds', async (t) => {
  let draws = 0
  const random = (): number => {
    draws += 1
    return draws % 2 === 0 ? 0.5 : 1
  }
  const seen = await begin(t, { url: await deadUrl(), random })
  seen.client.start()
  const waits: number[] = []
  for (let attempt = 1; attempt <= 7; attempt += 1) {
    await until(() => draws === attempt, 'the random number')
    waits.push(...seen.clock.waits())
    seen.clock.advance(waits.at(-1) ?? 0)
  }
  t.same(waits, [500, 500, 2000, 2000, 8000, 5000, 10_000])
})

t.test('honours retry=N of a restarting node', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const peer = await seen.server.peer(0)
  peer.socket.close(1012, 'retry=3210')
  await until(() => seen.client.link.state === 'stale', 'stale')
  t.same(seen.clock.waits(), [3210])
})

t.test('stops when the session has ended, drops its cursors, and can be started again', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const peer = await seen.server.peer(0)
  peer.socket.close(4401)
  await until(() => seen.client.link.state === 'signed-out', 'signed out')
  t.same(seen.clock.waits(), [], 'no reconnect is scheduled')
  t.same(seen.left, [G])
  t.same(seen.client.cursors(), {})
  seen.client.start()
  await seen.server.peer(1)
})

t.test('stops or retries by close code', async (t) => {
  for (const [code, state] of [
    [4403, 'forbidden'],
    [1008, 'broken'],
    [1013, 'stale'],
    [1001, 'stale'],
  ] as const) {
    const seen = await begin(t)
    await goLive(seen)
    const peer = await seen.server.peer(0)
    peer.socket.close(code)
    await until(() => seen.client.link.state === state, `${state} after ${code}`)
  }
})

t.test(
  'after a refused handshake it checks the verdict: "signed-out" stops it, "unreachable" does not',
  async (t) => {
    let verdict: 'signed-out' | 'unreachable' = 'unreachable'
    let checks = 0
    const seen = await begin(t, {
      explainRefusal: async () => {
        checks += 1
        return verdict
      },
    })
    seen.server.refusing = true
    seen.client.start()
    await until(() => checks === 1, 'the first verdict')
    t.equal(seen.client.link.state, 'connecting', 'it keeps retrying')
    verdict = 'signed-out'
    await until(() => seen.clock.waits().includes(500), 'a wait')
    seen.clock.advance(500)
    await until(() => checks === 2, 'the second verdict')
    await until(() => seen.client.link.state === 'signed-out', 'signed out')
    t.same(seen.clock.waits(), [])
  },
)

t.test('detects a dead link by an unanswered ping', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const peer = await seen.server.peer(0)
  const before = peer.received.length
  seen.clock.advance(20_000)
  await until(() => peer.received.length === before + 1, 'the ping')
  t.equal(seen.client.link.state, 'live')
  seen.clock.advance(8000)
  t.equal(seen.client.link.state, 'stale')
  t.equal(seen.client.link.since, seen.clock.now() - 28_000)
})

t.test('wake() reconnects at once, or probes whether the link is alive', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const asked = seen.clock.now()
  seen.client.wake()
  seen.clock.advance(1000)
  seen.client.probe()
  seen.clock.advance(2000)
  t.equal(seen.client.link.state, 'stale', 'no answer within three seconds, also when asked twice')
  t.equal(seen.client.link.suspectSince, asked)
  seen.client.wake()
  await seen.server.peer(1)
})

t.test('only the answer to a probe proves the link, not a frame that was already under way', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const peer = await seen.server.peer(0)
  seen.client.probe()
  peer.send(event(G, 42))
  await until(() => seen.client.cursors()[G] === 42, 'the event')
  seen.clock.advance(3000)
  t.equal(seen.client.link.state, 'stale')
})

t.test('an answered probe leaves the link live and free of suspicion', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const peer = await seen.server.peer(0)
  seen.client.probe()
  await until(() => peer.received.some(({ type }) => type === 'ping'), 'the ping')
  peer.send({ type: 'pong' })
  peer.send(event(G, 42))
  await until(() => seen.client.cursors()[G] === 42, 'the event')
  t.ok(seen.clock.waits().includes(20_000), 'the next ping is an idle one')
  const later = seen.clock.now() + 10_000
  seen.clock.advance(10_000)
  peer.socket.terminate()
  await until(() => seen.client.link.state === 'stale', 'stale')
  t.equal(seen.client.link.suspectSince, later, 'suspect since the lost connection')
})

t.test('suspect(): stale at once, until the service answers a ping', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const peer = await seen.server.peer(0)
  seen.client.suspect()
  t.equal(seen.client.link.state, 'stale')
  peer.send(event(G, 42))
  await until(() => seen.client.cursors()[G] === 42, 'the event')
  t.equal(seen.client.link.state, 'stale', 'an event may have been under way')
  peer.send({ type: 'pong' })
  await until(() => seen.client.link.state === 'live', 'live')
  t.equal(seen.client.link.suspectSince, null)
  t.same(seen.links, ['catching-up', 'live', 'stale', 'live'])
})

t.test('reconnect(): stale at once, a new connection at once, nothing when it was stopped', async (t) => {
  const seen = await begin(t)
  seen.client.reconnect()
  t.equal(seen.server.peers.length, 0, 'not started')
  await goLive(seen)
  seen.client.reconnect()
  t.equal(seen.client.link.state, 'stale')
  const second = await seen.server.peer(1)
  second.send(hello([G], { [G]: 41 }))
  await until(() => seen.client.link.state === 'live', 'live')
  second.socket.close(4401)
  await until(() => seen.client.link.state === 'signed-out', 'signed out')
  seen.client.reconnect()
  seen.client.suspect()
  t.equal(seen.client.link.state, 'signed-out')
})

t.test('`since` is by the service’s clock, which its greeting names', async (t) => {
  const seen = await begin(t)
  seen.client.start()
  const peer = await seen.server.peer(0)
  peer.send(hello([G], { [G]: 41 }, '2026-11-23T19:00:00.000Z'))
  peer.send({ type: 'snapshot', group: G, seq: 41, data: { orders: [] } })
  await until(() => seen.client.link.state === 'live', 'live')
  seen.clock.advance(1500)
  peer.socket.terminate()
  await until(() => seen.client.link.state === 'stale', 'stale')
  t.equal(seen.client.link.since, Date.parse('2026-11-23T19:00:00.000Z'))
  t.equal(seen.clock.serverNow(), Date.parse('2026-11-23T19:00:01.500Z'))
})

t.test('reports stale and fresh, expiring, left, and groups missing from the next greeting', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const first = await seen.server.peer(0)
  first.send({ type: 'stale', since: '2026-11-23T19:00:00.000Z' })
  await until(() => seen.client.link.state === 'stale', 'stale')
  t.equal(seen.client.link.since, Date.parse('2026-11-23T19:00:00.000Z'))
  first.send({ type: 'fresh' })
  await until(() => seen.client.link.state === 'live', 'live')
  first.send({ type: 'expiring', at: '2026-11-23T20:01:00.000Z' })
  await until(() => seen.messages.some((message) => message.type === 'expiring'), 'expiring')
  first.socket.close(1012, 'retry=0')
  await until(() => seen.clock.waits().includes(0), 'an immediate retry')
  seen.clock.advance(0)
  const second = await seen.server.peer(1)
  second.send(hello(['theatre:2:orders']))
  await until(() => seen.left.length === 1, 'the missing group')
  t.same(seen.left, [G])
  second.send({ type: 'left', group: 'theatre:2:orders', reason: 'theatre' })
  await until(() => seen.client.link.state === 'live', 'live')
  t.same(seen.left, [G, 'theatre:2:orders'])
})

t.test('skips unknown message types, reports unreadable frames', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const peer = await seen.server.peer(0)
  peer.socket.send('{"type":"novelty"}')
  peer.socket.send('{"type":"event","group":7}')
  peer.socket.send('not json')
  await until(() => seen.bugs.length === 2, 'two reports')
  t.equal(seen.client.link.state, 'live')
})

t.test('a client that missed nothing is live at the greeting', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const first = await seen.server.peer(0)
  first.socket.close(1012, 'retry=0')
  await until(() => seen.clock.waits().includes(0), 'an immediate retry')
  seen.clock.advance(0)
  const second = await seen.server.peer(1)
  second.send(hello([G], { [G]: 41 }))
  await until(() => seen.client.link.state === 'live', 'live')
})

t.test('an event with an unknown name advances the cursor and is passed on', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const peer = await seen.server.peer(0)
  peer.send(event(G, 42, 42, 'order.novelty'))
  peer.send(event(G, 43))
  await until(() => seen.client.cursors()[G] === 43, 'both')
  t.same(seen.bugs, [])
})

t.test('sends only after the greeting', async (t) => {
  const seen = await begin(t)
  t.equal(seen.client.send({ type: 'send', chat: 7, text: 'hi', clientId: 'a' }), false)
  await goLive(seen)
  t.equal(seen.client.send({ type: 'send', chat: 7, text: 'hi', clientId: 'a' }), true)
  const peer = await seen.server.peer(0)
  await until(() => peer.received.some((message) => message.type === 'send'), 'the message')
})
