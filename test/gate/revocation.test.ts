import t, { type Test } from 'tap'
import { connect, refused, type TestSocket } from '../helpers/socket-client.js'
import { untilSame } from '../helpers/until.js'
import {
  djangoVersion,
  notify,
  SITE_SECRET,
  type Site,
  type SiteDatabase,
  type SiteUser,
  signIn,
  siteDatabase,
  startSite,
} from './django.js'
import { type Gate, installTriggers, LIVE_ORDERS, siteRoutes, startGate } from './gate.js'
import { cookieOf, insertSession, signed } from './session-row.js'

interface Scene {
  site: Site
  database: SiteDatabase
  gate: Gate
  open(user: Pick<SiteUser, 'cookie'>, path?: string): Promise<TestSocket>
}

/** ms between questions in tests in which only notices may end a socket */
const NEVER = 3_600_000

let shared: Promise<{ site: Site; database: SiteDatabase }> | undefined

/** The site runs once for all tests of this file: Python takes long to start. */
async function start(): Promise<{ site: Site; database: SiteDatabase }> {
  const database = await siteDatabase(t)
  return { database, site: await startSite(t, database) }
}

/** A gate of the test's own in front of the site, whose accounts are as they were at first. */
async function scene(t: Test, { triggers = false, engine = 'db' } = {}): Promise<Scene> {
  shared ??= start()
  const { database, site } = await shared
  await installTriggers(database, triggers ? 'gate.sql' : 'gate-remove.sql')
  await resetAccounts(database)
  await database.query('DELETE FROM django_session')
  if (engine !== 'db') await site.restart({ SESSION_ENGINE: engine })
  const file = { routes: siteRoutes(site), django: { sessionEngine: engine } }
  const gate = await startGate(t, { database, file, ...(triggers ? { pollEveryMs: NEVER } : {}) })
  const open: Scene['open'] = ({ cookie }, path = LIVE_ORDERS) =>
    connect(gate.url + path, { cookie: cookie ?? '' })
  return { site, database, gate, open }
}

async function resetAccounts({ query }: SiteDatabase): Promise<void> {
  await query(
    `INSERT INTO auth_user (id, username, password, is_active, is_staff, is_superuser, first_name, last_name, email, date_joined)
     SELECT 1, 'staff', password, true, true, false, '', '', '', now() FROM auth_user WHERE username = 'asha'
     ON CONFLICT (id) DO UPDATE SET password = EXCLUDED.password, is_active = true, is_staff = true`,
  )
  await query(`UPDATE theatre_order SET customer_id = (SELECT id FROM auth_user WHERE username = 'asha')`)
}

const SIGNED_OUT = { code: 4401, reason: 'session ended' }
const EXPIRED = { code: 4401, reason: 'expired' }
const INACTIVE = { code: 4401, reason: 'user_inactive' }
const FORBIDDEN = { code: 4403, reason: 'forbidden' }
const COME_BACK = { code: 1012, reason: 'retry=0' }

/** What ends a socket of the user "staff" on the live orders, and how. */
const ENDS: Record<string, { act(user: SiteUser, scene: Scene): Promise<unknown>; ends: object }> = {
  'a log-out': { act: (user) => user.step('logout'), ends: SIGNED_OUT },
  'a flush': { act: (user) => user.step('flush'), ends: SIGNED_OUT },
  'a row that somebody deletes': {
    act: ({ key }, { database }) =>
      database.query('DELETE FROM django_session WHERE session_key = $1', [key]),
    ends: SIGNED_OUT,
  },
  'an end that is moved into the past': {
    act: (user) => user.step('expiry', { seconds: -1 }),
    ends: EXPIRED,
  },
  'a password that an admin sets': {
    act: (_user, { site }) =>
      signIn(site, 'boss').then((boss) =>
        boss.step('set-password', { username: 'staff', password: 'another-password' }),
      ),
    ends: SIGNED_OUT,
  },
  'a password change of its own': {
    act: (user) => user.step('password', { password: 'another-password' }),
    ends: COME_BACK,
  },
  'is_active off': {
    act: (_user, { site }) =>
      signIn(site, 'boss').then((boss) =>
        boss.step('set', { username: 'staff', fields: { is_active: false } }),
      ),
    ends: INACTIVE,
  },
  'is_staff off': {
    act: (_user, { site }) =>
      signIn(site, 'boss').then((boss) =>
        boss.step('set', { username: 'staff', fields: { is_staff: false } }),
      ),
    ends: FORBIDDEN,
  },
  'a deleted user': {
    act: (_user, { site }) => signIn(site, 'boss').then((boss) => boss.step('delete', { username: 'staff' })),
    ends: INACTIVE,
  },
  'a login as somebody else in the same browser': {
    act: (user) => user.step('login', { username: 'second', password: 'houselights-demo' }),
    ends: SIGNED_OUT,
  },
}

for (const triggers of [false, true]) {
  const how = triggers ? 'with gate.sql, by notices alone' : 'without gate.sql'
  t.test(`what ends a session ends its sockets, and no other, ${how}`, async (t) => {
    const own = await scene(t, { triggers })
    const bystander = await own.open(await signIn(own.site, 'second'))
    for (const [what, { act, ends }] of Object.entries(ENDS)) {
      const user = await signIn(own.site, 'staff')
      const socket = await own.open(user)
      const cookie = user.cookie ?? ''
      await act(user, own)
      t.same(await socket.closed(), ends, what)
      const again = await refused(own.gate.url + LIVE_ORDERS, { cookie })
      t.equal(again.status, ends === FORBIDDEN ? 403 : 401, `${what}: the old cookie`)
      await resetAccounts(own.database)
    }
    await notify(own.site, '{"still":"here"}')
    t.same(await bystander.expect({ still: 'here' }), { still: 'here' })
  })

  t.test(`after a password change the own tab comes back, and other devices do not, ${how}`, async (t) => {
    const s = await scene(t, { triggers })
    const [own, other] = [await signIn(s.site, 'staff'), await signIn(s.site, 'staff')]
    const [tab, phone] = [await s.open(own), await s.open(other)]
    await own.step('password', { password: 'another-password' })
    t.same(await tab.closed(), COME_BACK)
    t.same(await phone.closed(), SIGNED_OUT)
    const back = await s.open(own)
    await notify(s.site, '{"to":"own"}')
    await back.expect({ to: 'own' })
    t.equal((await refused(s.gate.url + LIVE_ORDERS, { cookie: other.cookie ?? '' })).status, 401)
  })
}

t.test('a socket without a guard of its own stays when is_staff goes', async (t) => {
  const s = await scene(t, { triggers: true })
  const user = await signIn(s.site, 'staff')
  const [staffs, everybodys] = [await s.open(user), await s.open(user, '/ws/echo/a/')]
  await s.database.query(`UPDATE auth_user SET is_staff = false WHERE username = 'staff'`)
  t.same(await staffs.closed(), FORBIDDEN)
  everybodys.send('{"still":1}')
  await everybodys.expect({ still: 1 })
})

t.test('an order that becomes somebody else’s', async (t) => {
  const s = await scene(t)
  const asha = await signIn(s.site, 'asha')
  const socket = await s.open(asha, '/ws/payment-socket/1/')
  const echo = await s.open(asha, '/ws/echo/a/')
  await s.database.query(
    `UPDATE theatre_order SET customer_id = (SELECT id FROM auth_user WHERE username = 'ravi')`,
  )
  t.same(await socket.closed(), FORBIDDEN)
  echo.send('{"still":1}')
  await echo.expect({ still: 1 })
  t.equal((await refused(`${s.gate.url}/ws/payment-socket/1/`, { cookie: asha.cookie ?? '' })).status, 403)
})

t.test('a session ends by time without a question in between', async (t) => {
  const s = await scene(t, { triggers: true })
  const cookie = cookieOf(await insertSession(s.database, { seconds: 1 }))
  t.same(await (await s.open({ cookie })).closed(), EXPIRED)
})

t.test('a session that is used goes on, whatever end it had', async (t) => {
  const s = await scene(t)
  const user = await signIn(s.site, 'staff')
  await user.step('expiry', { seconds: 1 })
  const socket = await s.open(user)
  await user.step('expiry', { seconds: 3600 })
  const ends = await s.database.query(
    "SELECT expire_date > now() + interval '30 minutes' AS later FROM django_session",
  )
  t.same(ends, [{ later: true }])
  await s.database.query('SELECT pg_sleep(1.2)')
  await notify(s.site, '{"still":"here"}')
  await socket.expect({ still: 'here' })
})

t.test('cached_db: the row is the truth, and the cache never', async (t) => {
  const s = await scene(t, { engine: 'cached_db' })
  const user = await signIn(s.site, 'staff')
  const socket = await s.open(user)
  await s.database.query('DELETE FROM django_session')
  t.same(await user.step('visit'), { user: 'staff' }, 'the site still believes its cache')
  t.same(await socket.closed(), SIGNED_OUT)
})

t.test('the site’s key is rotated', async (t) => {
  const s = await scene(t)
  const user = await signIn(s.site, 'staff')
  const NEW = 'the-new-secret-key-of-the-site-that-nobody-may-see'
  const rotated = { DJANGO_SECRET_KEY: NEW, DJANGO_SECRET_KEY_FALLBACKS: SITE_SECRET }
  const gate = await startGate(t, {
    database: s.database,
    file: { routes: siteRoutes(s.site) },
    env: rotated,
  })
  const without = await startGate(t, {
    database: s.database,
    file: { routes: siteRoutes(s.site) },
    env: { DJANGO_SECRET_KEY: NEW },
  })
  t.equal(
    (await refused(without.url + LIVE_ORDERS, { cookie: user.cookie ?? '' })).status,
    401,
    'no fallback',
  )
  await s.site.restart({ SECRET_KEY: NEW, SECRET_KEY_FALLBACKS: SITE_SECRET })
  const socket = await connect(gate.url + LIVE_ORDERS, { cookie: user.cookie ?? '' })
  await notify(s.site, '{"still":"here"}')
  await socket.expect({ still: 'here' }, {})
  const visited = await user.step('visit')
  if (Number.parseFloat(djangoVersion()) < 4.1) {
    t.same(visited, { user: '' }, 'before 4.1 Django knows no fallbacks: the site signs everybody out')
    return
  }
  t.same(visited, { user: 'staff' })
  t.same(await socket.closed(), COME_BACK)
  await connect(gate.url + LIVE_ORDERS, { cookie: user.cookie ?? '' }).then((back) => back.close())
})

t.test('rows that only look like a session are none', async (t) => {
  const s = await scene(t, { triggers: true })
  const refusedWith = async (cookie: string) => (await refused(s.gate.url + LIVE_ORDERS, { cookie })).status
  t.equal(await refusedWith(cookieOf(await insertSession(s.database, { seconds: -1 }))), 401, 'expired')
  t.equal(
    await refusedWith(cookieOf(await insertSession(s.database, { secret: 'another secret' }))),
    401,
    'forged',
  )
  const key = await insertSession(s.database)
  t.equal(await refusedWith(`sessionid=${key}; sessionid=${key}`), 401, 'two cookies of the name')
  t.equal(await refusedWith(`sessionid="${key}"`), 401, 'quoted')
  t.equal(await refusedWith(`sessionid=${key.toUpperCase()}`), 401, 'another case')
  await s.database.query(`UPDATE django_session SET session_data = 'x' WHERE session_key = $1`, [key])
  t.equal(await refusedWith(cookieOf(key)), 401, 'not signed')
  // the operator of a site with a setting that does not fit must see why everybody is refused
  await s.gate.logs.expect({ level: 40, reason: 'foreign_signature' })
  const pickle = signed(Buffer.from([0x80, 4, 0x7d, 0x94, 0x2e]))
  await s.database.query('UPDATE django_session SET session_data = $2 WHERE session_key = $1', [key, pickle])
  t.equal(await refusedWith(cookieOf(key)), 401, 'a pickle')
  await s.gate.logs.expect({ level: 40, reason: 'not_json' })
  await untilSame(t, 'no socket is left', () => s.gate.app.django.watch.size, 0)
})
