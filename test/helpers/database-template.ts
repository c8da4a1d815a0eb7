import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { acquireEmbeddedServer } from '../../src/database/embedded/embedded-server.js'
import type { Teardown } from './teardown.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const DATA_DIRECTORY = join(ROOT, '.data/test')
/** ms that another process may take to make the template */
const TEMPLATE_DEADLINE = 120_000
const LOCK_KEY = 7_310_030
const TEST_PREFIX = 'houselights_test_'
const LEFTOVER_AGE = 3_600_000

/** A PostgreSQL server that tests may make databases on. */
export interface TestServer {
  adminUrl: string
  /** for CREATE DATABASE … TEMPLATE: the cheapest way to copy there */
  copyStrategy: string
  urlOf(database: string): string
  /** resolves once the server, if it is ours alone, has stopped */
  release(): Promise<void>
}

let server: Promise<TestServer> | undefined

/** One use of the server for this process: DATABASE_URL's, or an embedded one under `.data/test`. */
export function testServer(): Promise<TestServer> {
  server ??= openServer()
  return server
}

async function openServer(): Promise<TestServer> {
  const given = process.env.DATABASE_URL
  if (!given) {
    const embedded = await acquireEmbeddedServer({ dataDirectory: DATA_DIRECTORY })
    await skipDiskWrites(embedded.urlOf('postgres'))
    return {
      adminUrl: embedded.urlOf('postgres'),
      // without fsync its checkpoints cost nothing: a third of the CPU time of WAL_LOG, the default
      copyStrategy: 'STRATEGY FILE_COPY',
      urlOf: (name) => embedded.urlOf(name),
      release: () => embedded.release(),
    }
  }
  const urlOf = (name: string) => {
    const url = new URL(given)
    url.pathname = `/${name}`
    return url.href
  }
  return { adminUrl: given, copyStrategy: '', urlOf, release: async () => {} }
}

/** Tests need no data after a power failure: without fsync a copy of a database takes half the time. */
const skipDiskWrites = (url: string): Promise<void> =>
  withClient(url, async (client) => {
    await client.query('ALTER SYSTEM SET fsync = off')
    await client.query('ALTER SYSTEM SET full_page_writes = off')
    await client.query('SELECT pg_reload_conf()')
  })

let admin: Promise<pg.Pool> | undefined

/**
 * Runs a statement of the server's owner, as CREATE DATABASE, on the one connection that this process keeps for them: to
 * open another takes as long as to drop a database.
 */
export async function administer(sql: string): Promise<void> {
  admin ??= testServer().then(({ adminUrl }) => {
    const pool = new pg.Pool({
      connectionString: adminUrl,
      connectionTimeoutMillis: 10_000,
      max: 1,
      idleTimeoutMillis: 0,
      allowExitOnIdle: true,
    })
    return pool.on('error', () => {})
  })
  await (await admin).query(sql)
}

/** The URL of a database that does not exist yet; dropped at teardown. */
export async function newDatabase(t: Teardown): Promise<string> {
  const { urlOf } = await testServer()
  const name = newDatabaseName()
  t.teardown(() => dropDatabase(name))
  return urlOf(name)
}

/** The URL of a new, empty database; dropped at teardown. */
export async function createEmptyDatabase(t: Teardown): Promise<string> {
  const url = await newDatabase(t)
  await administer(`CREATE DATABASE ${new URL(url).pathname.slice(1)}`)
  return url
}

/** Copies a template to a new database; returns its name. */
export async function copyTemplate(template: Template): Promise<string> {
  const { copyStrategy } = await testServer()
  const from = await ensureTemplate(template)
  const name = newDatabaseName()
  await administer(`CREATE DATABASE ${name} TEMPLATE ${from} ${copyStrategy}`)
  return name
}

/** Drops it, whoever is connected. */
export const dropDatabase = (name: string): Promise<void> =>
  administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)

/** Opens a connection that its caller ends. */
export async function openConnection(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Runs statements on one connection that is closed after. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await openConnection(url)
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

export interface Template {
  name: string
  /** files and folders, from the root, that decide what it holds */
  sources: readonly string[]
  fill(url: string): Promise<void>
}

export const MIGRATED: Template = {
  name: 'migrated',
  sources: ['prisma/migrations'],
  async fill(url) {
    const { applyMigrations } = await import('../../src/database/migrate.js')
    await applyMigrations(url)
  },
}

export const WITH_DEMO: Template = {
  name: 'demo',
  sources: ['prisma/migrations', 'src/demo-data.ts'],
  async fill(url) {
    await MIGRATED.fill(url)
    const { loadDemoData } = await import('../../src/demo-data.js')
    await loadDemoData(url)
  },
}

const ready = new Map<Template, Promise<string>>()

/** The template's name on the server; it is made unless it is there. Nobody can connect to it, so it can be copied. */
export function ensureTemplate(template: Template): Promise<string> {
  let name = ready.get(template)
  if (!name) {
    name = testServer().then((on) => makeTemplate(on, template))
    ready.set(template, name)
  }
  return name
}

async function makeTemplate({ adminUrl, urlOf }: TestServer, template: Template): Promise<string> {
  const name = `houselights_template_${template.name}_${hashOf(template.sources)}`
  const building = `${name}_building`
  await withClient(adminUrl, async (client) => {
    const isThere = async () =>
      (await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])).rowCount === 1
    if (await isThere()) return
    await client.query(`SET lock_timeout = ${TEMPLATE_DEADLINE}`)
    await client.query('SELECT pg_advisory_lock($1)', [LOCK_KEY])
    if (await isThere()) return
    await client.query(`DROP DATABASE IF EXISTS ${building} WITH (FORCE)`)
    await client.query(`CREATE DATABASE ${building}`)
    await template.fill(urlOf(building))
    await client.query(`ALTER DATABASE ${building} WITH ALLOW_CONNECTIONS false`)
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
      building,
    ])
    await client.query(`ALTER DATABASE ${building} RENAME TO ${name}`)
  })
  return name
}

function hashOf(names: readonly string[]): string {
  const hash = createHash('sha256')
  for (const name of names) {
    for (const path of filesOf(name)) hash.update(`${path}\0`).update(readFileSync(join(ROOT, path)))
  }
  return hash.digest('hex').slice(0, 12)
}

function filesOf(name: string): string[] {
  if (name.endsWith('.ts')) return [name]
  return readdirSync(join(ROOT, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
    .sort()
}

let made = 0

/** Its time says how old it is, should the process die before it drops it. */
export const newDatabaseName = (): string => `${TEST_PREFIX}${Date.now()}_${process.pid}_${made++}`

/** Drops what killed runs left behind: databases of tests that are old and that nobody uses. */
export async function dropLeftovers(): Promise<void> {
  await withClient((await testServer()).adminUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      `SELECT datname FROM pg_database d WHERE starts_with(datname, $1)
       AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)`,
      [TEST_PREFIX],
    )
    for (const { datname } of rows) {
      const madeAt = Number(/^\d+/.exec(datname.slice(TEST_PREFIX.length))?.[0] ?? Number.NaN)
      if (Date.now() - madeAt > LEFTOVER_AGE) await client.query(`DROP DATABASE IF EXISTS "${datname}"`)
    }
  })
}
