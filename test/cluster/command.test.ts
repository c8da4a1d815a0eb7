import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { testDatabase } from '../helpers/database.js'
import { PATIENCE, within } from '../helpers/deadline.js'
import { createClient } from '../helpers/http-client.js'
import { requireProgram } from '../helpers/programs.js'
import { REDIS } from '../helpers/redis.js'
import { TEST_SECRETS } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { connect } from '../helpers/socket-client.js'
import { until, untilSame } from '../helpers/until.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** ms for a build, and for three nodes to start, on a busy machine */
const START = 120_000

interface Run {
  child: ChildProcess
  output(): string
}

function run(t: Test, args: readonly string[], env: Record<string, string>): Run {
  const child = spawn(process.execPath, ['scripts/cluster.mjs', ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', PORT: '0', DRAIN_SECONDS: '1', ...TEST_SECRETS, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  // its nodes and its Redis exit with it
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return { child, output: () => text }
}

const pidsIn = (text: string) =>
  [...text.matchAll(/node (\d) starts .* pid (\d+)/g)].map((found) => Number(found[2]))

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

t.test(
  'three nodes behind one port: events cross nodes, a killed node is restarted, SIGTERM ends all',
  async (t) => {
    requireProgram(REDIS)
    const database = await testDatabase(t, { demo: true })
    const { child, output } = run(t, ['3'], { DATABASE_URL: database.url })
    await until(() => /is up at/.test(output()) || child.exitCode !== null, 'the cluster to start', START)
    const url = /up at (http:\S+),/.exec(output())?.[1] ?? t.fail(output())
    const nodes = () => [...output().matchAll(/ {2}\d {2}(http:\S+) {2}pid/g)].map((found) => found[1] ?? '')
    // the lines may arrive one by one
    await untilSame(t, 'nodes', () => nodes().length, 3)
    const direct = nodes()

    const staff = await signIn(String(url), 'staff')
    const path = '/ws/all-seat-datasocket/'
    const options = { cookie: staff.cookie, protocol: 'houselights.v1' }
    const sockets = await Promise.all([1, 2, 3].map(() => connect(`${url}${path}`, options)))
    for (const socket of sockets) {
      socket.subscribe()
      await socket.expect({ type: 'snapshot' })
    }
    for (const node of direct) {
      t.match(
        (await createClient(node).get<string>('/metrics')).text,
        /houselights_sockets 1\n/,
        'one socket on each node',
      )
    }
    t.match(
      await staff.get('/metrics'),
      { status: 403 },
      'the proxy’s own address is not trusted as loopback',
    )
    const item = await database.db.menuItem.findFirstOrThrow({ where: { theatreId: 1 } })
    const order = { items: [{ menuItemId: item.id, quantity: 1 }], paymentMethod: 'cash' }
    t.match(await createClient(String(url)).post('/api/seats/demo-a1/orders', order), { status: 201 })
    await Promise.all(sockets.map((socket) => socket.expect({ type: 'event', name: 'order.confirmed' })))

    const [, second = 0] = pidsIn(output())
    process.kill(second, 'SIGKILL')
    for (let i = 0; i < 6; i++) t.match(await staff.get('/api/auth/session'), { status: 200 })
    await until(() => pidsIn(output()).length === 4, 'the killed node to be restarted', START)
    t.match(output(), /node 2 exited \(SIGKILL\)/)

    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    t.same(await within(ended, 15_000, 'the end of the cluster'), [0, null])
    const codes = await Promise.all(sockets.map(async (socket) => (await socket.closed()).code))
    t.same(codes.sort(), [1006, 1012, 1012], '1006 from the killed node, 1012 from the others')
    t.same(pidsIn(output()).filter(isRunning), [], 'no node is left')
  },
)

t.test('a second signal ends all nodes at once, with exit code 1', async (t) => {
  requireProgram(REDIS)
  const { url: DATABASE_URL } = await testDatabase(t, { demo: true })
  const { child, output } = run(t, ['2'], { DATABASE_URL, DRAIN_SECONDS: '600' })
  await until(() => /is up at/.test(output()) || child.exitCode !== null, 'the cluster to start', START)
  const url = /up at (http:\S+),/.exec(output())?.[1] ?? t.fail(output())
  const { cookie } = await signIn(String(url), 'staff')
  // two on each node: the drain closes the first at once, the second after 300 s
  const sockets = await Promise.all(
    [1, 2, 3, 4].map(() => connect(`${url}/ws/all-seat-datasocket/`, { cookie })),
  )
  const ended = once(child, 'exit')
  child.kill('SIGINT')
  await Promise.race(sockets.map((socket) => socket.closed()))
  t.equal(child.exitCode, null, 'it drains')
  child.kill('SIGTERM')
  t.same(await within(ended, PATIENCE, 'the end of the cluster'), [1, null])
  t.same(pidsIn(output()).filter(isRunning), [], 'no node is left')
})

t.test('what is missing or invalid is reported in one line', async (t) => {
  const cases: [args: string[], env: Record<string, string>, code: number, line: RegExp][] = [
    [['3'], { PATH: '/nowhere' }, 1, /install redis-server \(or valkey-server\), or set REDIS_URL/],
    [['0'], {}, 2, /The number of nodes is 1 to 9/],
    [['3'], { PORT: 'x' }, 1, /PORT/],
  ]
  for (const [args, env, code, line] of cases) {
    const { child, output } = run(t, args, { DATABASE_URL: 'postgresql://127.0.0.1:1/x', ...env })
    t.same(await within(once(child, 'exit'), START, 'its end'), [code, null])
    t.match(output().trim().split('\n').at(-1), line)
  }
})
