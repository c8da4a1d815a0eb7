import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { postOrder } from './helpers/customers.js'
import { dataDirectory, gone, postmasterPid } from './helpers/embedded-servers.js'
import { createClient } from './helpers/http-client.js'
import { startService } from './helpers/service.js'
import { type ServiceProcess, spawnService } from './helpers/service-process.js'
import { signIn } from './helpers/sign-in.js'
import { connect } from './helpers/socket-client.js'
import { until } from './helpers/until.js'

interface OnEmbedded extends ServiceProcess {
  /** its data directory */
  directory: string
}

/** Starts the service on an embedded database of its own; a failing test leaves none running. */
function spawnOnEmbedded(
  t: Test,
  { folder = dataDirectory(t), env = {} }: { folder?: string; env?: Record<string, string> } = {},
): OnEmbedded {
  const directory = join(folder, '.data')
  t.teardown(() => {
    const pid = postmasterPid(directory)
    if (pid !== undefined) process.kill(pid, 'SIGQUIT')
  })
  return { ...spawnService(t, { folder, env }), directory }
}

/** What remains of the embedded server: its process, and the leases on it. */
const leftOf = (directory: string) => {
  const users = join(directory, 'postgres-users')
  return { pid: postmasterPid(directory), users: existsSync(users) ? readdirSync(users) : [] }
}
const NOTHING = { pid: undefined, users: [] }

const isInitialising = (directory: string) => () =>
  existsSync(directory) &&
  readdirSync(directory).some((name) => existsSync(join(directory, name, 'data', 'pg_wal')))

t.test('a signal while starting: the step ends, the database is released, the exit code is 0', async (t) => {
  const folder = dataDirectory(t)
  const first = spawnOnEmbedded(t, { folder })
  await until(isInitialising(first.directory), 'initdb to be running')
  first.child.kill('SIGTERM')
  t.same(await first.ended(), [0, null])
  t.same(leftOf(first.directory), NOTHING, 'no database keeps running')
  t.equal(first.output().trim(), '', 'nothing is printed')

  const second = spawnOnEmbedded(t, { folder })
  await until(() => postmasterPid(second.directory) !== undefined, 'the database to start')
  // as Ctrl-C does: to every process of the group
  process.kill(-(second.child.pid ?? 0), 'SIGINT')
  t.same(await second.ended(), [0, null])
  t.same(leftOf(second.directory), NOTHING)
  t.notMatch(second.output(), /houselights is up/)

  const third = spawnOnEmbedded(t, { folder })
  await third.listening()
  third.child.kill('SIGTERM')
  t.same(await third.ended(), [0, null], 'the next start continues where they stopped')
})

t.test('a second signal while starting does not wait for the step', async (t) => {
  const running = spawnOnEmbedded(t)
  await until(isInitialising(running.directory), 'initdb to be running')
  running.child.kill('SIGTERM')
  running.child.kill('SIGINT')
  t.same(await running.ended(), [1, null])
  t.notOk(existsSync(join(running.directory, 'postgres')), 'initdb was not waited for')
  t.equal(postmasterPid(running.directory), undefined)
})

t.test('a second signal ends a drain at once, with exit code 1, and the database stops', async (t) => {
  const running = spawnOnEmbedded(t, { env: { DRAIN_SECONDS: '600' } })
  const { url } = await running.listening()
  const { cookie } = await signIn(url, 'staff')
  // the drain closes the first socket at once, the second after 300 s
  for (let i = 0; i < 2; i++) await connect(`${url}/ws/all-seat-datasocket/`, { cookie })
  running.child.kill('SIGINT')
  await running.logs.expect({ msg: 'WSDISCONNECT', code: 1012 })
  const database = postmasterPid(running.directory) ?? t.fail('no database runs')
  running.child.kill('SIGTERM')
  t.same(await running.ended(), [1, null])
  await gone(Number(database))
  t.same(leftOf(running.directory), NOTHING)
})

t.test('plugins may take as long to close as the drain', async (t) => {
  const { app } = await startService(t, { env: { DRAIN_SECONDS: '60' } })
  t.ok((app.initialConfig.pluginTimeout ?? 0) > 60_000)
})

t.test('a killed database is restarted with its data; then everything exits with 0', async (t) => {
  const running = spawnOnEmbedded(t)
  const { url } = await running.listening()
  const staff = await signIn(url, 'staff')
  const { id } = await postOrder(createClient(url))
  const killed = postmasterPid(running.directory) ?? 0
  process.kill(killed, 'SIGKILL')
  await gone(killed)
  await until(() => postmasterPid(running.directory) !== undefined, 'a new server')
  const ready = async () => (await createClient(url).get('/readyz')).status === 200
  await until(ready, 'the service to be ready again')
  t.match(await staff.get(`/api/orders/${id}`), { status: 200, body: { order: { id } } })
  // Ctrl-C under npm: from the terminal, and forwarded by npm
  running.child.kill('SIGINT')
  await running.logs.expect({ msg: 'draining' })
  running.child.kill('SIGINT')
  t.same(await running.ended(), [0, null])
  t.same(leftOf(running.directory), NOTHING)
})
