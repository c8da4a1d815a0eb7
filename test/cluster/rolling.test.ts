import t, { type Test } from 'tap'
import { runChaos } from '../faults/chaos.js'
import type { PlannedFault } from '../faults/chaos-faults.js'
import { PATIENCE } from '../helpers/deadline.js'
import { headOf, readAnswer } from '../helpers/handshakes.js'
import { openRaw } from '../helpers/raw-connection.js'
import { until } from '../helpers/until.js'

// Three node processes under load behind a proxy without sticky sessions, restarted one after the other as in a deploy.

const DRAIN_SECONDS = 4

/** Opens a socket that neither reads nor answers the close frame. */
async function openUnresponsive(t: Test, port: number, cookie: string): Promise<string> {
  const unresponsive = await openRaw(port)
  t.teardown(() => unresponsive.socket.destroy())
  unresponsive.write(headOf(port, { path: '/ws/all-seat-datasocket/', cookie }))
  const { status } = await readAnswer(unresponsive)
  unresponsive.socket.pause()
  return String(status)
}

t.test('a rolling restart under load loses no event and no request', async (t) => {
  const rolled: number[] = []
  const unresponsive: string[] = []
  const roll = (place: number): PlannedFault => ({
    at: 4000,
    name: 'SIGTERM of node',
    target: 'one after the other',
    async run({ nodes, exits, front }, crowd) {
      const node = nodes[place]
      const cookie = crowd.screens.find(({ identity }) => identity)?.identity?.http.cookie ?? ''
      if (!node) return
      unresponsive.push(await openUnresponsive(t, node.port, cookie))
      const before = exits.length
      node.signal('SIGTERM')
      // `ws` alone would wait 30 s for the unresponsive socket
      await until(() => exits.length > before, `node ${node.number} to exit`, 25_000)
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
    // the proxy's own: on a busy machine the staff's first sign-ins wait long for their turn
    requestMs: PATIENCE,
    env: { DRAIN_SECONDS: String(DRAIN_SECONDS) },
    print: () => {},
  })

  t.strictSame(report.violations, [], 'every client received exactly the log')
  t.strictSame(unresponsive, ['101', '101', '101'])
  const failed = [...report.requests].filter(([status]) => status === 0 || status >= 500)
  t.strictSame([...failed, ...report.unanswered], [], 'no request was dropped or answered 5xx')
  t.ok((report.requests.get(200) ?? 0) > 100, 'there were many requests')

  t.strictSame(rolled, [1, 2, 3])
  t.strictSame(
    report.exits.map(({ how }) => how),
    Array(3).fill('exit code 0'),
  )

  const restarts = report.closes.filter(({ code }) => code === 1012)
  t.ok(restarts.length > 50, `${restarts.length} sockets were closed with 1012`)
  const delays = restarts.map(({ reason }) => Number(/^retry=(\d+)$/.exec(reason)?.[1] ?? Number.NaN))
  t.notOk(delays.some(Number.isNaN), 'each has a delay')
  t.ok(new Set(delays).size > restarts.length / 2, 'the delays are spread')
  t.ok(new Set(restarts.map(({ at }) => at)).size > 20, 'the closes are spread too')
  t.notOk(
    report.closes.some(({ code }) => code === 1006),
    'no socket was cut',
  )
  t.comment(`longest outage ${report.longestOutageMs} ms, latest event ${report.latestEvent.ms} ms`)
})
