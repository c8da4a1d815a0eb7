import { setImmediate as nextIteration } from 'node:timers/promises'
import t from 'tap'
import { Announcements } from '../../src/live/announcements.js'
import { THEATRES_CHANNEL } from '../../src/live/bus/bus-messages.js'
import { channelPrefix } from '../../src/live/bus/channel-prefix.js'
import { PostgresBus } from '../../src/live/bus/postgres-bus.js'
import { StateBroadcasts, type StateSource, type TheatreState } from '../../src/live/state-broadcasts.js'
import type { StateStream } from '../../src/live/state-stream.js'
import { testDatabase } from '../helpers/database.js'
import { Mailbox } from '../helpers/mailbox.js'
import type { Teardown } from '../helpers/teardown.js'
import { until } from '../helpers/until.js'

/** A theatre whose state is a number. */
function createSource() {
  const source = { state: 0, version: 0, reads: 0, isDown: false, changesInMs: null as number | null }
  const read = async (_theatreId: number, tokens: readonly string[]): Promise<TheatreState> => {
    source.reads += 1
    if (source.isDown) throw new Error('the database is down')
    const { version, state, changesInMs } = source
    source.changesInMs = null
    return { version, data: JSON.stringify(state), changesInMs, liveTokens: new Set(tokens) }
  }
  const readVersions: StateSource['readVersions'] = async (ids) =>
    new Map(ids.map((id) => [id, source.version]))
  return { source, read, readVersions }
}

const { url, db } = await testDatabase(t)
const prefix = await channelPrefix(db)

async function createNode(t: Teardown, source: StateSource) {
  const bus = new PostgresBus(url, prefix)
  const announcements = new Announcements(bus)
  bus.listener = { onMessage: (channel, message) => announcements.receive(channel, message), onReset() {} }
  const feeds = new StateBroadcasts(source, announcements, () => {}, 'menu')
  t.teardown(async () => {
    feeds.close()
    await bus.close()
  })
  await bus.ready(5000)
  await feeds.start()
  const announce = (theatreId: number) => announcements.announce(THEATRES_CHANNEL, String(theatreId))
  return Object.assign(feeds, { announce })
}

function open(
  t: Teardown,
  feeds: StateBroadcasts,
  client = 'phone',
): { stream: StateStream; states: Mailbox<number> } {
  const stream = feeds.open(1, 'token', client)
  if (!stream) throw new Error('there is no room')
  t.teardown(() => void stream.destroy())
  const states = new Mailbox<number>('states')
  stream.setEncoding('utf8').on('data', (text: string) => {
    for (const [, data] of text.matchAll(/^event: menu\ndata: (\d+)$/gm)) states.push(Number(data))
  })
  return { stream, states }
}

t.test('an announced change is read by every node, without a look at the versions', async (t) => {
  const { source, read, readVersions } = createSource()
  const [here, there] = [
    await createNode(t, { read, readVersions }),
    await createNode(t, { read, readVersions }),
  ]
  const phones = [open(t, here), open(t, there), open(t, there, 'another')]
  for (const { states } of phones) await states.expect((state) => state === 0)
  // the version stays as it is: a poll would find nothing
  source.state = 1
  here.announce(1)
  for (const { states } of phones) await states.expect((state) => state === 1)
})

t.test('a change that is not announced, a failed read, and one that comes by itself show too', async (t) => {
  const { source, read, readVersions } = createSource()
  const { states } = open(t, await createNode(t, { read, readVersions }))
  await states.expect((state) => state === 0)
  source.isDown = true
  Object.assign(source, { state: 1, version: 1 })
  const reads = source.reads
  await until(() => source.reads > reads, 'a read that fails')
  source.isDown = false
  source.changesInMs = 30
  await states.expect((state) => state === 1)
  source.state = 2
  await states.expect((state) => state === 2)
  t.strictSame(states.history, [0, 1, 2], 'each state comes once')
})

t.test(
  'many phones cost one read; a phone that takes nothing keeps no more than the last state',
  async (t) => {
    const { source, read, readVersions } = createSource()
    const feeds = await createNode(t, { read, readVersions })
    const phones = Array.from({ length: 200 }, (_, i) => open(t, feeds, `phone ${i}`))
    for (const { states } of phones) await states.expect((state) => state === 0)
    t.ok(source.reads <= 3, `${source.reads} reads`)
    const slow = open(t, feeds, 'slow')
    await slow.states.expect((state) => state === 0)
    slow.stream.pause()
    const [fast] = phones
    for (let state = 1; state <= 50; state++) {
      source.state = state
      feeds.announce(1)
      await fast?.states.expect((each) => each === state)
    }
    slow.stream.resume()
    await slow.states.expect((state) => state === 50)
    t.ok(slow.states.history.length <= 4, `${slow.states.history.length} states`)
  },
)

t.test('a change is shown to many phones in steps, between which others have the event loop', async (t) => {
  const { source, read, readVersions } = createSource()
  const feeds = await createNode(t, { read, readVersions })
  const phones = Array.from({ length: 500 }, (_, i) => open(t, feeds, `phone ${i}`))
  for (const { states } of phones) await states.expect((state) => state === 0)
  let shown = 0
  for (const { stream } of phones) stream.on('data', () => void shown++)
  source.state = 1
  feeds.announce(1)
  let most = 0
  while (shown < phones.length) {
    const before = shown
    await nextIteration()
    most = Math.max(most, shown - before)
  }
  t.ok(most <= 150, `${most} in one iteration`)
})

t.test('the phones of a theatre share the bytes of an event', async (t) => {
  const { read, readVersions } = createSource()
  const feeds = await createNode(t, { read, readVersions })
  const chunks: unknown[] = []
  for (const client of ['one phone', 'another']) {
    const stream = feeds.open(1, 'token', client)
    stream?.on('data', (chunk) => chunks.push(chunk))
    t.teardown(() => void stream?.destroy())
  }
  await until(() => chunks.length === 2, 'both to be shown the state')
  t.type(chunks[0], Buffer)
  t.equal(chunks[0], chunks[1])
})

t.test('a change that is due and does not come, as by another clock, is not read in a loop', async (t) => {
  const { source, read, readVersions } = createSource()
  let polls = 0
  const feeds = await createNode(t, {
    read: async (...given) => ({ ...(await read(...given)), changesInMs: 0 }),
    readVersions: async (ids) => {
      polls += 1
      return await readVersions(ids)
    },
  })
  const { states } = open(t, feeds)
  await states.expect((state) => state === 0)
  await until(() => polls === 1, 'a poll')
  const before = source.reads
  await until(() => polls === 3, 'two more polls')
  t.ok(source.reads > before, 'it is read again')
  t.ok(source.reads - before <= 20, `${source.reads - before} reads in two polls`)
})

t.test('many theatres are read in turn, and one whose pages have gone is not read', async (t) => {
  const { read, readVersions } = createSource()
  const reading = new Map<number, () => void>()
  const seen: number[] = []
  const feeds = await createNode(t, {
    read: async (theatreId, tokens) => {
      seen.push(theatreId)
      await new Promise<void>((resolve) => reading.set(theatreId, resolve))
      reading.delete(theatreId)
      return await read(theatreId, tokens)
    },
    readVersions,
  })
  const streams = Array.from({ length: 50 }, (_, i) => feeds.open(i + 1, `token ${i + 1}`, 'phone'))
  t.teardown(() => {
    for (const stream of streams) stream?.destroy()
  })
  await until(() => reading.size > 0, 'the first read')
  streams[30]?.destroy()
  await until(() => feeds.size === 49, 'the stream to close')
  let most = 0
  await until(() => {
    most = Math.max(most, reading.size)
    for (const end of reading.values()) end()
    return new Set(seen).size === 49
  }, 'all others to be read')
  t.ok(most <= 2, `${most} at a time`)
  t.notOk(seen.includes(31))
})

t.test('20 streams of one client at a seat; a closed one makes room', async (t) => {
  const { read, readVersions } = createSource()
  const feeds = await createNode(t, { read, readVersions })
  const streams = Array.from({ length: 20 }, () => open(t, feeds).stream)
  t.equal(feeds.open(1, 'token', 'phone'), null)
  const other = feeds.open(1, 'another token', 'phone')
  t.ok(other)
  other?.destroy()
  streams[0]?.destroy()
  await until(() => feeds.size === 19, 'the streams to close')
  t.ok(feeds.open(1, 'token', 'phone'))
})
