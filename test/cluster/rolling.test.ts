import t, { type Test } from 'tap'
import { runChaos } from '../faults/chaos.js'
import type { PlannedFault } from '../faults/chaos-faults.js'
import { headOf, readAnswer } from '../helpers/handshakes.js'
import { openRaw } from '../helpers/raw-connection.js'

// Three processes under load behind a front without sticky sessions, restarted one after the other as a deploy does.

t.setTimeout(300_000)
const DRAIN_SECONDS = 4
/** ms between a node's last socket and its end: the requests under way, the pools, the process */
const REST_MS = 2500

interface Roll {
  node: number
  took: number
}

/** Someone who takes the socket and then neither reads nor answers the close frame. */
async function ignoreEverything(t: Test, port: number, cookie: string): Promise<string> {
  const deaf = await openRaw(port)
  t.teardown(() => deaf.socket.destroy())
  deaf.write(headOf(port, { path: '/ws/all-seat-datasocket/', cookie }))
  const { status } = await readAnswer(deaf)
  deaf.socket.pause()
  return String(status)
}

t.test('a rolling restart under load: nobody misses anything, and no request fails', async (t) => {
  const rolls: Roll[] = []
  const deaf: string[] = []
  const roll = (place: number): PlannedFault => ({
    at: 4000,
    name: 'SIGTERM of node',
    target: 'one after the other',
    async run({ nodes, endings, front }, crowd) {
      const node = nodes[place]
      const cookie = crowd.screens.find(({ identity }) => identity)?.identity?.http.cookie ?? ''
      if (!node) return
      deaf.push(await ignoreEverything(t, node.port, cookie))
      const startedAt = performance.now()
      const before = endings.length
      node.signal('SIGTERM')
      while (endings.length === before) await crowd.rest(10)
      rolls.push({ node: node.number, took: (endings.at(-1)?.at ?? 0) - startedAt })
      await node.ready(60_000)
      await front.nodes.look()
    },
  })
  const report = await runChaos(t, {
    seed: 1,
    forMs: 5000,
    clients: 150,
    plan: [roll(0), roll(1), roll(2)],
    changes: false,
    env: { DRAIN_SECONDS: String(DRAIN_SECONDS) },
    print: () => {},
  })

  t.strictSame(report.violations, [], 'every history is the log')
  t.strictSame(deaf, ['101', '101', '101'])
  const failed = [...report.requests].filter(([status]) => status === 0 || status >= 500)
  t.strictSame([...failed, ...report.unanswered], [], 'no request was dropped or answered 5xx')
  t.ok((report.requests.get(200) ?? 0) > 100, 'and there were many')

  t.equal(rolls.length, 3)
  t.strictSame(
    report.endings.map(({ how }) => how),
    Array(3).fill('exit code 0'),
  )
  for (const { node, took } of rolls) {
    const isInTime = took < DRAIN_SECONDS * 1000 + REST_MS
    t.ok(isInTime, `node ${node} ended ${Math.round(took)} ms after SIGTERM, though somebody ignored it`)
  }

  const told = report.closes.filter(({ code }) => code === 1012)
  t.ok(told.length > 50, `${told.length} sockets were told to come back`)
  const delays = told.map(({ reason }) => Number(/^retry=(\d+)$/.exec(reason)?.[1] ?? Number.NaN))
  t.notOk(delays.some(Number.isNaN), 'each with its own moment')
  t.ok(new Set(delays).size > told.length / 2, 'which are spread')
  t.ok(spread(told.map(({ at }) => at)) > DRAIN_SECONDS * 1000 * 0.3, 'and were told one after the other')
  t.notOk(
    report.closes.some(({ code }) => code === 1006),
    'nobody was cut',
  )
  t.comment(`longest outage ${report.longestOutageMs} ms, latest event ${report.latestEvent.ms} ms`)
})

/** ms over which the closes of one node, the first, were told */
function spread(times: number[]): number {
  const first = Math.min(...times)
  const ofOne = times.filter((at) => at < first + DRAIN_SECONDS * 1000)
  return Math.max(...ofOne) - first
}
