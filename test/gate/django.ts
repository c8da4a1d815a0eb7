import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { freePort, isListening } from '../../scripts/cluster/programs.js'
import {
  administer,
  copyTemplate,
  dropDatabase,
  type Template,
  testServer,
  withClient,
} from '../helpers/database-template.js'
import { PATIENCE, PROGRAM_PATIENCE, within } from '../helpers/deadline.js'
import { requireProgram } from '../helpers/programs.js'
import { keepSecret } from '../helpers/suite-output.js'
import type { Teardown } from '../helpers/teardown.js'
import { until } from '../helpers/until.js'
import { DJANGO, siteEnv } from './programs.js'

const SITE = fileURLToPath(new URL('site', import.meta.url))
let version: string | undefined

/** The version of the Django that the tests run, as `3.2.25`. */
export function djangoVersion(): string {
  const python = requireProgram(DJANGO)
  version ??= spawnSync(python, ['-c', 'import django; print(django.get_version())'], {
    env: siteEnv(),
    encoding: 'utf8',
  }).stdout.trim()
  return version
}

export const SITE_KEYS = {
  LIVE_ORDERS_WS_KEY: 'live-orders-key-that-nobody-may-see',
  PAYMENT_STATUS_WS_KEY: 'payment-status-key-that-nobody-may-see',
  CHAT_WS_KEY: 'chat-key+&that%-nobody-may-see',
}
export const SITE_SECRET = 'the-secret-key-of-the-site-that-nobody-may-see'
export const PASSWORD = 'houselights-demo'

const settingsEnv = (url: string) => ({
  ...siteEnv(),
  ...SITE_KEYS,
  SECRET_KEY: SITE_SECRET,
  SITE_DATABASE_URL: url,
})

const template = (): Template => ({
  name: `django_${djangoVersion().replace(/\W/g, '_')}`,
  sources: ['test/gate/site'],
  async fill(url) {
    const { status, stderr } = spawnSync(requireProgram(DJANGO), ['prepare.py'], {
      cwd: SITE,
      env: settingsEnv(url),
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`preparing the site failed: ${stderr.trim().split('\n').at(-1)}`)
  },
})

let siteTemplate: Template | undefined

export interface SiteDatabase {
  /** of the tables' owner */
  url: string
  /** of a role that may only read */
  readerUrl: string
  /** Runs a statement as the owner. */
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
}

const READER = 'houselights_gate_reader'
const READER_PASSWORD = 'reader-password-that-nobody-may-see'

/** A database of the site with its accounts and one order; dropped at teardown. */
export async function siteDatabase(t: Teardown): Promise<SiteDatabase> {
  const { urlOf } = await testServer()
  siteTemplate ??= template()
  const name = await copyTemplate(siteTemplate)
  t.teardown(() => dropDatabase(name))
  await administer(`CREATE ROLE ${READER} LOGIN PASSWORD '${READER_PASSWORD}'`).catch(
    ({ code }: { code?: string }) => {
      if (code !== '42710' && code !== '23505') throw new Error(`creating a role failed: ${code}`)
    },
  )
  keepSecret('the reader’s password', READER_PASSWORD)
  const url = urlOf(name)
  const query: SiteDatabase['query'] = (text, values) =>
    withClient(url, async (client) => (await client.query(text, values)).rows)
  await query(`GRANT SELECT ON django_session, auth_user, theatre_order TO ${READER}`)
  const reader = new URL(url)
  reader.username = READER
  reader.password = READER_PASSWORD
  return { url, readerUrl: reader.href, query }
}

export interface Site {
  port: number
  readonly pid: number
  /** Kills it (SIGKILL) and waits for its end. */
  kill(): Promise<void>
  /** Ends it (SIGTERM) and starts it again on the same port. */
  restart(env?: Record<string, string>): Promise<void>
}

/** The server ends with this process: the pipe's end kills it. */
const KEEPER =
  '"$0" "$@" & server=$!; echo "pid $server"; (cat >/dev/null <&3; kill -9 $server 2>/dev/null) & wait $server'

/** Starts the site under Daphne on a free port of 127.0.0.1. */
export async function startSite(
  t: Teardown,
  database: Pick<SiteDatabase, 'url'>,
  env: Record<string, string> = {},
): Promise<Site> {
  for (const [what, value] of Object.entries({ ...SITE_KEYS, SITE_SECRET })) keepSecret(what, value)
  const port = await freePort()
  let running = await launch(port, { ...settingsEnv(database.url), ...env })
  t.teardown(() => running.end('SIGKILL'))
  return {
    port,
    get pid() {
      return running.pid
    },
    kill: () => running.end('SIGKILL'),
    async restart(changed = {}) {
      await running.end('SIGTERM')
      running = await launch(port, { ...settingsEnv(database.url), ...env, ...changed })
    },
  }
}

async function launch(
  port: number,
  env: Record<string, string>,
): Promise<{ pid: number; end(signal: NodeJS.Signals): Promise<void> }> {
  const args = ['-m', 'daphne', '-b', '127.0.0.1', '-p', `${port}`, 'asgi:application']
  const child = spawn('sh', ['-c', KEEPER, requireProgram(DJANGO), ...args], {
    cwd: SITE,
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk
    })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const isUp = async () => {
    if (hasEnded(child)) throw new Error(`Daphne ended: ${output.trim().split('\n').at(-1)}`)
    return /^pid \d+/m.test(output) && (await isListening(port))
  }
  await until(isUp, 'Daphne to start', PROGRAM_PATIENCE)
  const pid = Number(/^pid (\d+)/m.exec(output)?.[1])
  return {
    pid,
    async end(signal) {
      if (hasEnded(child)) return
      process.kill(pid, signal)
      for (const pipe of child.stdio.slice(3)) pipe?.destroy()
      await within(ended, PATIENCE, 'Daphne to end')
    },
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

/** A signed-in browser of the site, without the browser. */
export class SiteUser {
  /** `sessionid=…`; null: none */
  cookie: string | null = null

  constructor(private readonly site: Pick<Site, 'port'>) {}

  /** What a view of the site does in this session: see test/gate/site/theatre/views.py. */
  async step(name: string, data: object = {}): Promise<Record<string, unknown>> {
    const response = await fetch(`http://127.0.0.1:${this.site.port}/steps/${name}/`, {
      method: 'POST',
      body: JSON.stringify(data),
      headers: this.cookie === null ? {} : { cookie: this.cookie },
    })
    if (response.status !== 200) throw new Error(`the site answered ${response.status} to ${name}`)
    for (const line of response.headers.getSetCookie()) {
      const [, value] = /^sessionid=([^;]*)/.exec(line) ?? []
      if (value === undefined) continue
      this.cookie = value === '' || value === '""' ? null : `sessionid=${value}`
      if (this.cookie) keepSecret('a session of the site', value)
    }
    return (await response.json()) as Record<string, unknown>
  }

  get key(): string {
    return this.cookie?.slice('sessionid='.length) ?? ''
  }
}

export async function signIn(site: Pick<Site, 'port'>, username: string): Promise<SiteUser> {
  const user = new SiteUser(site)
  await user.step('login', { username, password: PASSWORD })
  return user
}

/** What a view of the site does when an order changes: sends a frame to all sockets of a group. */
export async function notify(
  site: Pick<Site, 'port'>,
  text: string,
  group = 'all-seat-status',
): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${site.port}/notify/${group}/`, {
    method: 'POST',
    body: text,
  })
  if (response.status !== 204) throw new Error(`the site answered ${response.status} to a notice`)
}
