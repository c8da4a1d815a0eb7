import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { testDatabase } from '../helpers/database.js'
import { within } from '../helpers/deadline.js'
import { createClient } from '../helpers/http-client.js'
import { requireProgram } from '../helpers/programs.js'
import { REDIS } from '../helpers/redis.js'
import { TEST_SECRETS } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { connect } from '../helpers/socket-client.js'
import { until } from '../helpers/until.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** ms for building what was changed, and for three nodes to start on a busy machine */
const START = 120_000

interface Run {
  child: ChildProcess
  said(): string
}

function run(t: Test, args: readonly string[], env: Record<string, string>): Run {
  const child = spawn(process.execPath, ['scripts/cluster.mjs', ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', PORT: '0', DRAIN_SECONDS: '1', ...TEST_SECRETS, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  // its nodes and its Redis end with it
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return { child, said: () => text }
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

t.test('three nodes behind one port: events cross, a killed node comes back, SIGTERM ends all', async (t) => {
  requireProgram(REDIS)
  const database = await testDatabase(t, { demo: true })
  const { child, said } = run(t, ['3'], { DATABASE_URL: database.url })
  await until(() => /is up at/.test(said()) || child.exitCode !== null, 'the cluster to start', START)
  const url = /up at (http:\S+),/.exec(said())?.[1] ?? t.fail(said())
  const direct = [...said().matchAll(/ {2}\d {2}(http:\S+) {2}pid/g)].map((found) => found[1] ?? '')
  t.equal(direct.length, 3)

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
      'each has one',
    )
  }
  t.match(await staff.get('/metrics'), { status: 403 }, 'the front’s own address opens nothing')
  const item = await database.db.menuItem.findFirstOrThrow({ where: { theatreId: 1 } })
  const order = { items: [{ menuItemId: item.id, quantity: 1 }], paymentMethod: 'cash' }
  t.match(await createClient(String(url)).post('/api/seats/demo-a1/orders', order), { status: 201 })
  await Promise.all(sockets.map((socket) => socket.expect({ type: 'event', name: 'order.confirmed' })))

  const [, second = 0] = pidsIn(said())
  process.kill(second, 'SIGKILL')
  for (let i = 0; i < 6; i++) t.match(await staff.get('/api/auth/session'), { status: 200 })
  await until(() => pidsIn(said()).length === 4, 'the killed node to be started again', START)
  t.match(said(), /node 2 ended \(SIGKILL\)/)

  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  t.same(await within(ended, 15_000, 'the end of the cluster'), [0, null])
  const codes = await Promise.all(sockets.map(async (socket) => (await socket.closed()).code))
  t.same(codes.sort(), [1006, 1012, 1012], 'the killed node’s was cut, the others were told to come back')
  t.same(pidsIn(said()).filter(isRunning), [], 'nothing is left')
})

t.test('what is missing or wrong is one line', async (t) => {
  const cases: [args: string[], env: Record<string, string>, code: number, line: RegExp][] = [
    [['3'], { PATH: '/nowhere' }, 1, /install redis-server \(or valkey-server\), or set REDIS_URL/],
    [['0'], {}, 2, /The number of nodes is 1 to 9/],
    [['3'], { PORT: 'x' }, 1, /PORT/],
  ]
  for (const [args, env, code, line] of cases) {
    const { child, said } = run(t, args, { DATABASE_URL: 'postgresql://127.0.0.1:1/x', ...env })
    t.same(await within(once(child, 'exit'), START, 'its end'), [code, null])
    t.match(said().trim().split('\n').at(-1), line)
  }
})
