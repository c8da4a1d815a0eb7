import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { postOrder } from './helpers/customers.js'
import { dataDirectory, gone, postmasterPid } from './helpers/embedded-servers.js'
import { createClient } from './helpers/http-client.js'
import { type ServiceProcess, spawnService } from './helpers/service-process.js'
import { signIn } from './helpers/sign-in.js'
import { until } from './helpers/until.js'

// initdb, migrations and crash recovery, while other files run beside this one
t.setTimeout(240_000)

interface OnEmbedded extends ServiceProcess {
  /** of its data */
  directory: string
}

/** The service on an embedded database of its own, which a test that fails leaves to nobody. */
function spawnOnEmbedded(t: Test, folder = dataDirectory(t)): OnEmbedded {
  const directory = join(folder, '.data')
  t.teardown(() => {
    const pid = postmasterPid(directory)
    if (pid !== undefined) process.kill(pid, 'SIGQUIT')
  })
  return { ...spawnService(t, { folder }), directory }
}

/** What of the embedded server is left: its process, and who says to use it. */
const leftOf = (directory: string) => {
  const users = join(directory, 'postgres-users')
  return { pid: postmasterPid(directory), users: existsSync(users) ? readdirSync(users) : [] }
}
const NOTHING = { pid: undefined, users: [] }

const isInitialising = (directory: string) => () =>
  existsSync(directory) &&
  readdirSync(directory).some((name) => existsSync(join(directory, name, 'data', 'pg_wal')))

t.test('a start that is told to stop ends its step, gives back what it holds and exits with 0', async (t) => {
  const folder = dataDirectory(t)
  const first = spawnOnEmbedded(t, folder)
  await until(isInitialising(first.directory), 'initdb in full swing')
  first.child.kill('SIGTERM')
  t.same(await first.ended(), [0, null])
  t.same(leftOf(first.directory), NOTHING, 'no database runs on')
  t.equal(first.output().trim(), '', 'and nothing is said')

  const second = spawnOnEmbedded(t, folder)
  await until(() => postmasterPid(second.directory) !== undefined, 'the database to start')
  // as Ctrl-C does: to all programs of the group
  process.kill(-(second.child.pid ?? 0), 'SIGINT')
  t.same(await second.ended(), [0, null])
  t.same(leftOf(second.directory), NOTHING)
  t.notMatch(second.output(), /houselights is up/)

  const third = spawnOnEmbedded(t, folder)
  await third.listening()
  third.child.kill('SIGTERM')
  t.same(await third.ended(), [0, null], 'the next start takes up what they left')
})

t.test('a second signal does not wait for the step', async (t) => {
  const running = spawnOnEmbedded(t)
  await until(isInitialising(running.directory), 'initdb in full swing')
  running.child.kill('SIGTERM')
  running.child.kill('SIGINT')
  t.same(await running.ended(), [1, null])
  t.notOk(existsSync(join(running.directory, 'postgres')), 'initdb was not waited for')
  t.equal(postmasterPid(running.directory), undefined)
})

t.test('a database that was killed comes back, with what it held; then all ends with 0', async (t) => {
  const running = spawnOnEmbedded(t)
  const { url } = await running.listening()
  const staff = await signIn(url, 'staff')
  const { id } = await postOrder(createClient(url))
  const killed = postmasterPid(running.directory) ?? 0
  process.kill(killed, 'SIGKILL')
  await gone(killed)
  await until(() => postmasterPid(running.directory) !== undefined, 'another server')
  const ready = async () => (await createClient(url).get('/readyz')).status === 200
  await until(ready, 'it to be ready again')
  t.match(await staff.get(`/api/orders/${id}`), { status: 200, body: { order: { id } } })
  // Ctrl-C under npm: from the terminal, and passed on by npm
  running.child.kill('SIGINT')
  await running.logs.expect({ msg: 'draining' })
  running.child.kill('SIGINT')
  t.same(await running.ended(), [0, null])
  t.same(leftOf(running.directory), NOTHING)
})
