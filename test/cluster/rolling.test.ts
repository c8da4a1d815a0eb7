import t, { type Test } from 'tap'
import { runChaos } from '../faults/chaos.js'
import type { PlannedFault } from '../faults/chaos-faults.js'
import { headOf, readAnswer } from '../helpers/handshakes.js'
import { openRaw } from '../helpers/raw-connection.js'
import { until } from '../helpers/until.js'

// Three processes under load behind a front without sticky sessions, restarted one after the other as a deploy does.

t.setTimeout(300_000)
const DRAIN_SECONDS = 4

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
  const rolled: number[] = []
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
      const before = endings.length
      node.signal('SIGTERM')
      // somebody ignores it: `ws` alone would wait 30 s for that one
      await until(() => endings.length > before, `the end of node ${node.number}`, 25_000)
      rolled.push(node.number)
      await node.ready(60_000)
      await front.nodes.probe()
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

  t.strictSame(rolled, [1, 2, 3])
  t.strictSame(
    report.endings.map(({ how }) => how),
    Array(3).fill('exit code 0'),
  )

  const told = report.closes.filter(({ code }) => code === 1012)
  t.ok(told.length > 50, `${told.length} sockets were told to come back`)
  const delays = told.map(({ reason }) => Number(/^retry=(\d+)$/.exec(reason)?.[1] ?? Number.NaN))
  t.notOk(delays.some(Number.isNaN), 'each with its own moment')
  t.ok(new Set(delays).size > told.length / 2, 'which are spread')
  t.ok(new Set(told.map(({ at }) => at)).size > 20, 'and were told one after the other')
  t.notOk(
    report.closes.some(({ code }) => code === 1006),
    'nobody was cut',
  )
  t.comment(`longest outage ${report.longestOutageMs} ms, latest event ${report.latestEvent.ms} ms`)
})
