import t, { type Test } from 'tap'
import { connect } from '../helpers/socket-client.js'
import { startTcpProxy } from '../helpers/tcp-proxy.js'
import { untilSame } from '../helpers/until.js'
import { type SiteDatabase, siteDatabase } from './django.js'
import { type GateOptions, installTriggers, startGate } from './gate.js'
import { cookieOf, insertSession } from './session-row.js'
import { startUpstream } from './upstream.js'

/** ms between questions: only notices may end a socket */
const NEVER = 3_600_000
const LISTENING = 'houselights-gate-listen'
const ENDED = { code: 4401, reason: 'session ended' }

async function scene(t: Test, database: SiteDatabase, options: Partial<GateOptions> = {}) {
  const routes = [{ path: '/ws/', guard: 'user', upstream: await startUpstream(t) }]
  const gate = await startGate(t, {
    database,
    file: { routes },
    pollEveryMs: NEVER,
    checkEveryMs: 50,
    ...options,
  })
  const open = async () => {
    const key = await insertSession(database)
    return { key, socket: await connect(`${gate.url}/ws/`, { cookie: cookieOf(key) }) }
  }
  const watch = async () => {
    const { watch } = (await (await fetch(`${gate.url}/readyz`)).json()) as { watch: string }
    const metrics = await (await fetch(`${gate.url}/metrics`)).text()
    return [watch, /^houselights_gate_notices (\d)$/m.exec(metrics)?.[1]]
  }
  return { gate, open, watch }
}

const signOut = ({ query }: SiteDatabase, key: string) =>
  query('DELETE FROM django_session WHERE session_key = $1', [key])

t.test('gate.sql is installed and removed while the gate runs', async (t) => {
  const database = await siteDatabase(t)
  const { gate, watch } = await scene(t, database)
  await gate.logs.expect({ watch: 'not_installed', level: 30 })
  t.same(await watch(), ['polling', '0'])
  await installTriggers(database)
  await gate.logs.expect({ watch: 'notices', level: 30 })
  t.same(await watch(), ['notices', '1'])
  await database.query('ALTER TABLE auth_user DISABLE TRIGGER houselights_gate_user_change')
  await gate.logs.expect({ watch: 'not_installed' })
  t.same(await watch(), ['polling', '0'], 'one trigger that is off is enough')
})

for (const how of ['cut', 'hold'] as const) {
  t.test(
    `LISTEN is lost (${how}) and comes back: the state follows, and what was missed counts`,
    async (t) => {
      const database = await siteDatabase(t)
      await installTriggers(database)
      const url = new URL(database.readerUrl)
      const link = await startTcpProxy(t, { host: url.hostname, port: Number(url.port), only: LISTENING })
      url.port = `${link.port}`
      const { gate, open, watch } = await scene(t, database, { database: { readerUrl: url.href } })
      await gate.logs.expect({ watch: 'notices' })
      const { key, socket } = await open()
      link[how]()
      await signOut(database, key)
      await gate.logs.expect({ watch: 'lost', level: 40 })
      t.same(await watch(), ['polling', '0'])
      link.pass()
      t.same(await socket.closed(), ENDED)
      await gate.logs.expect({ watch: 'notices' })
      await untilSame(t, 'readyz says so', watch, ['notices', '1'])
      const again = await open()
      await signOut(database, again.key)
      t.same(await again.socket.closed(), ENDED, 'by a notice')
    },
  )
}

t.test('a role whose transactions are read-only by default hears notices too', async (t) => {
  const database = await siteDatabase(t)
  await installTriggers(database)
  const { pathname } = new URL(database.url)
  await database.query(
    `ALTER ROLE houselights_gate_reader IN DATABASE ${pathname.slice(1)} SET default_transaction_read_only = on`,
  )
  const { gate, open } = await scene(t, database)
  await gate.logs.expect({ watch: 'notices' })
  const { key, socket } = await open()
  await signOut(database, key)
  t.same(await socket.closed(), ENDED)
})
