import { createDatabase, type Database } from '../../src/database/client.js'
import {
  ensureTemplate,
  MIGRATED,
  newDatabaseName,
  testServer,
  WITH_DEMO,
  withClient,
} from './database-template.js'
import type { Teardown } from './teardown.js'

export interface TestDatabase {
  url: string
  /** a small pool of the test's own, beside those of the services under test */
  db: Database
}

/**
 * A migrated database that no other test touches, empty or with the demo theatres (`demo`). Copied from a
 * template, which takes about 60 ms; dropped at teardown, whoever is still connected.
 */
export async function testDatabase(t: Teardown, options: { demo?: boolean } = {}): Promise<TestDatabase> {
  const { adminUrl, urlOf } = await testServer()
  const template = await ensureTemplate(options.demo ? WITH_DEMO : MIGRATED)
  const name = newDatabaseName()
  await withClient(adminUrl, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`))
  const db = createDatabase({
    url: urlOf(name),
    poolSize: 4,
    poolTimeoutMs: 5000,
    statementTimeoutMs: 10_000,
  })
  t.teardown(async () => {
    await db.$disconnect()
    await withClient(adminUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  })
  return { url: urlOf(name), db }
}

/** Refuses new connections and terminates the open ones, as a server that stops; returns what ends that. */
export async function takeDown({ url }: TestDatabase): Promise<() => Promise<void>> {
  const name = new URL(url).pathname.slice(1)
  const { adminUrl } = await testServer()
  const run = (sql: string) => withClient(adminUrl, (client) => client.query(sql))
  await run(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`)
  await run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)
  return async () => void (await run(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`))
}
