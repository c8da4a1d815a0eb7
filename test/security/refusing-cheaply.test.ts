import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { postOrder } from '../helpers/customers.js'
import { headOf, readAnswer } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import { countOpen } from '../helpers/listen.js'
import { openRaw } from '../helpers/raw-connection.js'
import { startService } from '../helpers/service.js'
import { untilSame } from '../helpers/until.js'

setFlagsFromString('--expose-gc')
const collectGarbage: unknown = runInNewContext('gc')

/** Heap in use after a garbage collection, in MB. */
async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    if (typeof collectGarbage === 'function') collectGarbage()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().heapUsed / 1_048_576
}

const REFUSALS = 5000
const WARM_UP = 500
const AT_ONCE = 50

async function storm(port: number, cookie: string | null, count: number): Promise<Map<number, number>> {
  const statuses = new Map<number, number>()
  const bytes = headOf(port, { path: '/ws/all-seat-datasocket/', cookie })
  let left = count
  const client = async () => {
    while (left-- > 0) {
      const connection = await openRaw(port)
      connection.write(bytes)
      const { status } = await readAnswer(connection)
      connection.destroy()
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, client))
  return statuses
}

t.test('5,000 refusals leave no sessions, sockets or memory behind', async (t) => {
  const { app, port, db, url } = await startService(t, { demo: true, env: { LOG_LEVEL: 'warn' } })
  const guest = createClient(url)
  await postOrder(guest)
  const counts = async () => ({
    sessions: await db.session.count(),
    users: await db.user.count(),
    changes: await db.accessChange.count(),
    connections: await countOpen(app.server),
    hub: app.hub.connections.size + app.hub.lingering.size,
    feeds: app.hub.feeds.size,
    upgradeListeners: app.server.listenerCount('upgrade'),
  })
  const before = await counts()
  for (const [name, cookie, status, count] of [
    ['anonymous', null, 401, REFUSALS],
    ['with a session without permission', guest.cookie, 403, 1000],
  ] as const) {
    // warms up caches and compiled code, which are no leak
    await storm(port, cookie, WARM_UP)
    const memory = await heap()
    const cpu = process.cpuUsage()
    const startedAt = performance.now()
    const statuses = await storm(port, cookie, count)
    const { user, system } = process.cpuUsage(cpu)
    const each = (user + system) / 1000 / count
    t.comment(`${name}: ${each.toFixed(2)} ms of CPU each, including this test client's`)
    t.comment(`${name}: ${Math.round(count / ((performance.now() - startedAt) / 1000))} a second`)
    t.comment(`${name}: heap ${((await heap()) - memory).toFixed(2)} MB more`)
    const [first, second] = [statuses.get(status) ?? 0, statuses.get(429) ?? 0]
    t.equal(first + second, count)
    t.ok(first <= 30 * 6 + AT_ONCE, `${first} were checked, ${second} blocked before the check`)
    t.ok((await heap()) - memory < 4, 'the heap has not grown')
  }
  await untilSame(t, 'the same counts as before', counts, before)
})
