import t from 'tap'
import { WebSocket } from 'ws'
import { type Incoming, type Link, LiveClient, type LiveOptions } from '../../web/live/client.js'
import { deadUrl, event, HandClock, hello, PeerServer, until } from './peer.js'

const G = 'theatre:1:orders'

interface Seen {
  client: LiveClient
  clock: HandClock
  links: string[]
  messages: Incoming[]
  bugs: string[]
  left: string[]
}

async function begin(
  test: { teardown(run: () => Promise<void>): void },
  options: Partial<LiveOptions> = {},
): Promise<Seen & { server: PeerServer }> {
  const server = new PeerServer()
  const url = options.url ?? (await server.listen())
  const clock = new HandClock()
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
    onBug: (what) => seen.bugs.push(what),
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

/** Plays the service up to "live": greeting, snapshot at `seq`. */
async function goLive(
  { client, server }: { client: LiveClient; server: PeerServer },
  seq = 41,
): Promise<void> {
  client.start()
  const peer = await server.peer(0)
  peer.say(hello([G], { [G]: seq }))
  await until('the subscription', () => peer.heard.find((message) => message.type === 'subscribe'))
  peer.say({ type: 'snapshot', group: G, seq, data: { orders: [] } })
  await until('live', () => client.link.state === 'live')
}

t.test('greets, subscribes without cursors, and is live once all is there', async (t) => {
  const seen = await begin(t)
  t.equal(seen.client.link.state, 'connecting')
  seen.client.start()
  const peer = await seen.server.peer(0)
  t.equal(peer.socket.protocol, 'houselights.v1')
  peer.say(hello([G]))
  await until('the subscription', () => peer.heard.length === 1)
  t.same(peer.heard, [{ type: 'subscribe', cursors: {} }])
  peer.say({ type: 'presence', group: G, online: { staff: 1 } })
  await until('the presence', () => seen.messages.length === 2)
  t.equal(seen.client.link.state, 'catching-up', 'the snapshot is missing')
  peer.say({ type: 'snapshot', group: G, seq: 41, data: {} })
  await until('live', () => seen.client.link.state === 'live')
  t.same(seen.links, ['catching-up', 'live'])
  t.same(seen.client.cursors(), { [G]: 41 })
})

t.test('comes back with its cursors, hands on what was missed, and is live after it', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const first = await seen.server.peer(0)
  first.say(event(G, 42))
  await until('event 42', () => seen.client.cursors()[G] === 42)
  seen.clock.advance(1000)
  first.socket.terminate()
  await until('stale', () => seen.client.link.state === 'stale')
  t.equal(seen.client.link.since, seen.clock.now() - 1000, 'stale since the last word that was heard')
  seen.clock.advance(500)
  const second = await seen.server.peer(1)
  second.say(hello([G], { [G]: 44 }))
  await until('the subscription', () => second.heard.length === 1)
  t.same(second.heard, [{ type: 'subscribe', cursors: { [G]: 42 } }])
  second.say({ type: 'pong' })
  second.say(event(G, 43))
  await until('event 43', () => seen.client.cursors()[G] === 43)
  t.equal(seen.client.link.state, 'catching-up', 'one is still to come')
  second.say(event(G, 44))
  await until('live again', () => seen.client.link.state === 'live')
  const seqs = seen.messages.flatMap((message) => (message.type === 'event' ? [message.seq] : []))
  t.same(seqs, [42, 43, 44])
  t.same(seen.bugs, [])
})

t.test('a gap is reported and mended by a fresh snapshot of that group alone', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const first = await seen.server.peer(0)
  first.say(event(G, 41))
  first.say(event(G, 43))
  await until('two reports', () => seen.bugs.length === 2)
  t.match(seen.bugs[0], /event 41 came again after 41/)
  t.match(seen.bugs[1], /event 43 came after 41/)
  t.equal(seen.messages.filter((message) => message.type === 'event').length, 0, 'neither was applied')
  t.equal(seen.client.link.state, 'stale')
  seen.clock.advance(500)
  const second = await seen.server.peer(1)
  second.say(hello([G]))
  await until('the subscription', () => second.heard.length > 0)
  t.same(second.heard[0], { type: 'subscribe', cursors: {} })
})

t.test('backs off with full jitter up to ten seconds', async (t) => {
  let dice = 0
  const random = (): number => {
    dice += 1
    return dice % 2 === 0 ? 0.5 : 1
  }
  const seen = await begin(t, { url: await deadUrl(), random })
  seen.client.start()
  const waits: number[] = []
  for (let attempt = 1; attempt <= 7; attempt += 1) {
    await until('the dice', () => dice === attempt)
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
  await until('stale', () => seen.client.link.state === 'stale')
  t.same(seen.clock.waits(), [3210])
})

t.test('stops when the session is gone, forgets what it knew, and starts again when told', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const peer = await seen.server.peer(0)
  peer.socket.close(4401)
  await until('signed out', () => seen.client.link.state === 'signed-out')
  t.same(seen.clock.waits(), [], 'nothing is tried')
  t.same(seen.left, [G])
  t.same(seen.client.cursors(), {})
  seen.client.start()
  await seen.server.peer(1)
})

t.test('stops for good reasons only', async (t) => {
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
    await until(`${state} after ${code}`, () => seen.client.link.state === state)
  }
})

t.test('after a refused handshake it asks why: signed out stops, trouble does not', async (t) => {
  let verdict: 'signed-out' | 'unreachable' = 'unreachable'
  let asked = 0
  const seen = await begin(t, {
    verdict: async () => {
      asked += 1
      return verdict
    },
  })
  seen.server.refusing = true
  seen.client.start()
  await until('the first question', () => asked === 1)
  t.equal(seen.client.link.state, 'connecting', 'it goes on trying')
  verdict = 'signed-out'
  await until('a wait', () => seen.clock.waits().includes(500))
  seen.clock.advance(500)
  await until('the second question', () => asked === 2)
  await until('signed out', () => seen.client.link.state === 'signed-out')
  t.same(seen.clock.waits(), [])
})

t.test('finds a dead link by a ping without an answer', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const peer = await seen.server.peer(0)
  const before = peer.heard.length
  seen.clock.advance(20_000)
  await until('the ping', () => peer.heard.length === before + 1)
  t.equal(seen.client.link.state, 'live')
  seen.clock.advance(8000)
  t.equal(seen.client.link.state, 'stale')
  t.equal(seen.client.link.since, seen.clock.now() - 28_000)
})

t.test(
  'woken up, it does not wait: it connects at once, or asks quickly whether the link lives',
  async (t) => {
    const seen = await begin(t)
    await goLive(seen)
    seen.client.wake()
    seen.clock.advance(4000)
    t.equal(seen.client.link.state, 'stale', 'no answer within four seconds')
    seen.client.wake()
    await seen.server.peer(1)
  },
)

t.test('tells what the service tells: stale and fresh, expiring, left, groups that are gone', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const first = await seen.server.peer(0)
  first.say({ type: 'stale', since: '2026-11-23T19:00:00.000Z' })
  await until('stale', () => seen.client.link.state === 'stale')
  t.equal(seen.client.link.since, Date.parse('2026-11-23T19:00:00.000Z'))
  first.say({ type: 'fresh' })
  await until('live', () => seen.client.link.state === 'live')
  first.say({ type: 'expiring', at: '2026-11-23T20:01:00.000Z' })
  await until('expiring', () => seen.messages.some((message) => message.type === 'expiring'))
  first.socket.close(1012, 'retry=0')
  await until('a wait of no time', () => seen.clock.waits().includes(0))
  seen.clock.advance(0)
  const second = await seen.server.peer(1)
  second.say(hello(['theatre:2:orders']))
  await until('the group that is gone', () => seen.left.length === 1)
  t.same(seen.left, [G])
  second.say({ type: 'left', group: 'theatre:2:orders', reason: 'theatre' })
  await until('live', () => seen.client.link.state === 'live')
  t.same(seen.left, [G, 'theatre:2:orders'])
})

t.test('skips types that it does not know, reports frames that it cannot read', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const peer = await seen.server.peer(0)
  peer.socket.send('{"type":"novelty"}')
  peer.socket.send('{"type":"event","group":7}')
  peer.socket.send('not json')
  await until('two reports', () => seen.bugs.length === 2)
  t.equal(seen.client.link.state, 'live')
})

t.test('who was away and missed nothing is live with the greeting', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const first = await seen.server.peer(0)
  first.socket.close(1012, 'retry=0')
  await until('a wait of no time', () => seen.clock.waits().includes(0))
  seen.clock.advance(0)
  const second = await seen.server.peer(1)
  second.say(hello([G], { [G]: 41 }))
  await until('live', () => seen.client.link.state === 'live')
})

t.test('an event of a name that the page is too old to know counts, and is handed on', async (t) => {
  const seen = await begin(t)
  await goLive(seen)
  const peer = await seen.server.peer(0)
  peer.say(event(G, 42, 42, 'order.novelty'))
  peer.say(event(G, 43))
  await until('both', () => seen.client.cursors()[G] === 43)
  t.same(seen.bugs, [])
})

t.test('sends only on a link that was greeted', async (t) => {
  const seen = await begin(t)
  t.equal(seen.client.send({ type: 'send', chat: 7, text: 'hi', clientId: 'a' }), false)
  await goLive(seen)
  t.equal(seen.client.send({ type: 'send', chat: 7, text: 'hi', clientId: 'a' }), true)
  const peer = await seen.server.peer(0)
  await until('the message', () => peer.heard.some((message) => message.type === 'send'))
})
