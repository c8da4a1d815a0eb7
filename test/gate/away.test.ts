import t, { type Test } from 'tap'
import { withClient } from '../helpers/database-template.js'
import { connect, refused } from '../helpers/socket-client.js'
import { startTcpProxy } from '../helpers/tcp-proxy.js'
import { until, untilSame } from '../helpers/until.js'
import { notify, type Site, type SiteDatabase, signIn, siteDatabase, startSite } from './django.js'
import { installTriggers, LIVE_ORDERS, siteRoutes, startGate } from './gate.js'
import { cookieOf, insertSession } from './session-row.js'

let shared: Promise<{ site: Site; database: SiteDatabase }> | undefined

const theSite = () => {
  shared ??= start()
  return shared
}

async function start() {
  const database = await siteDatabase(t)
  return { database, site: await startSite(t, database) }
}

/** A gate whose way to Django's database can be cut. */
async function scene(t: Test) {
  const { site, database } = await theSite()
  const url = new URL(database.readerUrl)
  const link = await startTcpProxy(t, { host: url.hostname, port: Number(url.port) })
  url.port = `${link.port}`
  const gate = await startGate(t, { database: { readerUrl: url.href }, file: { routes: siteRoutes(site) } })
  const user = await signIn(site, 'staff')
  const cookie = user.cookie ?? ''
  return {
    site,
    database,
    gate,
    link,
    user,
    cookie,
    socket: await connect(gate.url + LIVE_ORDERS, { cookie }),
  }
}

for (const how of ['cut', 'hold'] as const) {
  t.test(
    `without Django’s database (${how}) open sockets go on for a while, then end; nobody is let in`,
    async (t) => {
      const { site, gate, link, cookie, socket } = await scene(t)
      link[how]()
      await notify(site, '{"still":"here"}')
      await socket.expect({ still: 'here' })
      t.equal((await refused(gate.url + LIVE_ORDERS, { cookie })).status, 503)
      t.equal((await fetch(`${gate.url}/readyz`)).status, 503)
      const ended = await socket.closed()
      t.equal(ended.code, 1012)
      t.match(ended.reason, /^retry=\d+$/)
      link.pass()
      const comesBack = () =>
        connect(gate.url + LIVE_ORDERS, { cookie }).then(
          (again) => again.close().then(() => true),
          () => false,
        )
      await untilSame(t, 'it comes back with the database', comesBack, true)
    },
  )
}

t.test(
  'a database that comes back in time costs nobody a socket, and what ended meanwhile ends',
  async (t) => {
    const { site, gate, link, database, socket } = await scene(t)
    const other = await signIn(site, 'staff')
    const ends = await connect(gate.url + LIVE_ORDERS, { cookie: other.cookie ?? '' })
    link.cut()
    await other.step('logout')
    await gate.logs.expect(({ msg }) => /does not answer/.test(msg ?? ''))
    link.pass()
    t.same(await ends.closed(), { code: 4401, reason: 'session ended' })
    await notify(site, '{"still":"here"}')
    await socket.expect({ still: 'here' })
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'houselights-gate%'`,
    )
    await notify(site, '{"and":"now"}')
    await socket.expect({ and: 'now' })
  },
)

t.test('a guard that can’t be asked ends its own sockets alone', async (t) => {
  const { gate, site, database, socket } = await scene(t)
  const asha = await signIn(site, 'asha')
  const order = await connect(`${gate.url}/ws/payment-socket/1/`, { cookie: asha.cookie ?? '' })
  await database.query('REVOKE SELECT ON theatre_order FROM houselights_gate_reader')
  t.equal((await order.closed()).code, 1012)
  t.equal((await refused(`${gate.url}/ws/payment-socket/1/`, { cookie: asha.cookie ?? '' })).status, 503)
  await notify(site, '{"still":"here"}')
  await socket.expect({ still: 'here' })
  await database.query('GRANT SELECT ON theatre_order TO houselights_gate_reader')
  await (await connect(`${gate.url}/ws/payment-socket/1/`, { cookie: asha.cookie ?? '' })).close()
})

t.test('guards that wait for a lock cost other routes nothing', async (t) => {
  const { site, database } = await theSite()
  const guard = { sql: 'SELECT 1 FROM theatre_order WHERE id = $id AND customer_id = $user' }
  const upstream = `ws://127.0.0.1:${site.port}/ws/echo/a`
  // more than a pool has connections
  const locked = Array.from({ length: 9 }, (_, i) => ({ path: `/ws/locked-${i}/:id/`, guard, upstream }))
  const gate = await startGate(t, {
    database,
    file: { routes: [...siteRoutes(site), ...locked] },
    env: { RATE_LIMITS: 'off' },
  })
  const [asha, bystander] = await Promise.all(['asha', 'staff'].map((username) => signIn(site, username)))
  // after the other of the same user, which would else be the session that follows (1012)
  const leaver = await signIn(site, 'staff')
  const orders = await Promise.all(
    locked.map((_, i) => connect(`${gate.url}/ws/locked-${i}/1/`, { cookie: asha?.cookie ?? '' })),
  )
  const stays = await connect(gate.url + LIVE_ORDERS, { cookie: bystander?.cookie ?? '' })
  const leaves = await connect(gate.url + LIVE_ORDERS, { cookie: leaver.cookie ?? '' })
  await withClient(database.url, async (client) => {
    await client.query('BEGIN; LOCK TABLE theatre_order')
    for (const order of orders) t.equal((await order.closed()).code, 1012)
    // those whose pages try again in a loop
    const reconnects = Array.from({ length: 60 }, (_, i) =>
      refused(`${gate.url}/ws/locked-${i % locked.length}/1/`, { cookie: asha?.cookie ?? '' }),
    )
    const waiting = async () =>
      (
        await client.query(
          `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        )
      ).rowCount ?? 0
    await until(async () => (await waiting()) >= 4, 'handshakes to wait for the lock')
    await (await connect(gate.url + LIVE_ORDERS, { cookie: bystander?.cookie ?? '' })).close()
    for (const { status } of await Promise.all(reconnects)) t.equal(status, 503)
    await leaver.step('logout')
    t.equal((await leaves.closed()).code, 4401)
    await notify(site, '{"still":"here"}')
    await stays.expect({ still: 'here' })
  })
})

t.test('notices that were lost with their connection are made up for', async (t) => {
  const { database, site } = await theSite()
  await installTriggers(database)
  t.teardown(() => installTriggers(database, 'gate-remove.sql'))
  const gate = await startGate(t, { database, file: { routes: siteRoutes(site) }, pollEveryMs: 3_600_000 })
  await gate.logs.expect({ watch: 'notices' })
  const key = await insertSession(database)
  const socket = await connect(gate.url + LIVE_ORDERS, { cookie: cookieOf(key) })
  // in one transaction, so that nobody listens when the notice is sent
  await database.query(`
    DO $$ BEGIN
      DELETE FROM django_session WHERE session_key = '${key}';
      PERFORM pg_terminate_backend(pid, 2000) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'houselights-gate-listen';
    END $$`)
  t.same(await socket.closed(), { code: 4401, reason: 'session ended' })
})

t.test('a killed site ends its sockets, a restarted one takes them back', async (t) => {
  const { site, gate, cookie, socket } = await scene(t)
  await site.kill()
  const ended = await socket.closed()
  t.equal(ended.code, 1012)
  t.match(ended.reason, /^retry=\d+$/)
  t.match((await refused(gate.url + LIVE_ORDERS, { cookie })).body, { error: 'upstream_unavailable' })
  await site.restart()
  const again = await connect(gate.url + LIVE_ORDERS, { cookie })
  await notify(site, '{"back":1}')
  await again.expect({ back: 1 })
  await site.restart()
  t.equal((await again.closed()).code, 1012, 'restarted in order')
})

t.test('a gate that stops says so, and its sockets come back later', async (t) => {
  const { gate, cookie, socket } = await scene(t)
  const closing = gate.close()
  t.match(await socket.closed(), { code: 1012, reason: /^retry=\d+$/ })
  await closing
  t.ok(
    await connect(gate.url + LIVE_ORDERS, { cookie }).then(
      () => false,
      () => true,
    ),
  )
  await until(() => gate.app.django.watch.size === 0, 'the watch to be empty')
})
