import { createDatabase, type Database } from '../../src/database/client.js'
import {
  administer,
  copyTemplate,
  dropDatabase,
  MIGRATED,
  testServer,
  WITH_DEMO,
} from './database-template.js'
import type { Teardown } from './teardown.js'

export interface TestDatabase {
  url: string
  /** a small pool of the test's own, beside those of the services under test */
  db: Database
}

/**
 * A migrated database that no other test touches, empty or with the demo theatres (`demo`). Copied from a
 * template; dropped at teardown, whoever is still connected.
 */
export async function testDatabase(t: Teardown, options: { demo?: boolean } = {}): Promise<TestDatabase> {
  const { urlOf } = await testServer()
  const name = await copyTemplate(options.demo ? WITH_DEMO : MIGRATED)
  const db = createDatabase({
    url: urlOf(name),
    poolSize: 4,
    poolTimeoutMs: 5000,
    statementTimeoutMs: 10_000,
  })
  t.teardown(async () => {
    await db.$disconnect()
    await dropDatabase(name)
  })
  return { url: urlOf(name), db }
}

/** Refuses new connections and terminates the open ones, as a server that stops; returns what ends that. */
export async function takeDown({ url }: TestDatabase): Promise<() => Promise<void>> {
  const name = new URL(url).pathname.slice(1)
  await administer(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`)
  await administer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)
  return () => administer(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`)
}
