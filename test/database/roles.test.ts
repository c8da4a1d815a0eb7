import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import t, { type Test } from 'tap'
import { createDatabase } from '../../src/database/client.js'
import { checkConnection } from '../../src/database/connection-check.js'
import { applyMigrations } from '../../src/database/migrate.js'
import { writeDemoData } from '../../src/demo-data.js'
import { postOrder } from '../helpers/customers.js'
import { administer, createEmptyDatabase, withClient } from '../helpers/database-template.js'
import { createClient } from '../helpers/http-client.js'
import { startNode } from '../helpers/service.js'

// Roles with no more rights than they need, and a schema of the service's own.

interface Scene {
  /** runs statements as a superuser, in the database */
  admin(...statements: string[]): Promise<pg.QueryResult[]>
  /** the URL of a new role; `schema` as in DATABASE_URL */
  roleUrl(schema?: string): Promise<{ role: string; url: string }>
}

/** An empty database in which nobody may do anything but a superuser. */
async function emptyDatabase(t: Test): Promise<Scene> {
  const roles: string[] = []
  // teardowns run in reverse: a role goes after what it owns
  t.teardown(async () => {
    for (const role of roles) await administer(`DROP ROLE IF EXISTS ${role}`)
  })
  const ownUrl = await createEmptyDatabase(t)
  return {
    admin: (...statements) =>
      withClient(ownUrl, async (client) => {
        const results: pg.QueryResult[] = []
        for (const statement of statements) results.push(await client.query(statement))
        return results
      }),
    async roleUrl(schema) {
      const role = `hl_test_${randomBytes(6).toString('hex')}`
      const password = randomBytes(12).toString('hex')
      await administer(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`)
      roles.push(role)
      const url = new URL(ownUrl)
      url.username = role
      url.password = password
      if (schema !== undefined) url.searchParams.set('schema', schema)
      return { role, url: url.href }
    },
  }
}

/** Loads the demo and places an order through the whole service. */
async function useService(t: Test, url: string, ownerUrl = url): Promise<void> {
  const owner = createDatabase({
    url: ownerUrl,
    poolSize: 1,
    poolTimeoutMs: 5000,
    statementTimeoutMs: 10_000,
  })
  t.teardown(() => owner.$disconnect())
  await writeDemoData(owner)
  const service = await startNode(t, { database: { url, db: owner } })
  t.match(await postOrder(createClient(service.url)), { status: 'confirmed' })
}

t.test('a role that may create in its schema only migrates and serves there', async (t) => {
  const { admin, roleUrl } = await emptyDatabase(t)
  const { role, url } = await roleUrl('shop 1')
  await admin(`CREATE SCHEMA "shop 1" AUTHORIZATION ${role}`, 'DROP SCHEMA public')
  t.ok((await applyMigrations(url)).length > 0)
  await useService(t, url)
  const [tables] = await admin(`SELECT DISTINCT schemaname AS name FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`)
  t.strictSame(tables?.rows, [{ name: 'shop 1' }], 'nothing was made elsewhere')
  t.strictSame(await applyMigrations(url), [], 'and nothing is pending')
})

t.test('a role that may not create is refused before a migration begins', async (t) => {
  const { admin, roleUrl } = await emptyDatabase(t)
  const { role, url } = await roleUrl()
  await t.rejects(applyMigrations(url), {
    code: 'not_allowed',
    message: new RegExp(
      `may not create tables in schema public: .* GRANT USAGE, CREATE ON SCHEMA public TO ${role};`,
    ),
  })
  await admin(`GRANT USAGE, CREATE ON SCHEMA public TO ${role}`)
  t.ok((await applyMigrations(url)).length > 0, 'no failed migration is left')
  const elsewhere = new URL(url)
  elsewhere.searchParams.set('schema', 'shop')
  await t.rejects(applyMigrations(elsewhere.href), { message: /may not create the schema shop: / })
})

t.test('an owner migrates, and a service with lesser rights serves', async (t) => {
  const { admin, roleUrl } = await emptyDatabase(t)
  const [owner, service] = [await roleUrl('shop'), await roleUrl('shop')]
  await admin(`CREATE SCHEMA shop AUTHORIZATION ${owner.role}`)
  await applyMigrations(owner.url)
  await t.rejects(applyMigrations(service.url), {
    message: new RegExp(
      `${service.role} may not read the tables in schema shop: .*GRANT USAGE ON SCHEMA shop`,
    ),
  })
  await admin(
    `GRANT USAGE ON SCHEMA shop TO ${service.role}`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA shop TO ${service.role}`,
  )
  const { missingRights } = (await checkConnection(service.url)) ?? {}
  t.ok(missingRights?.includes('INSERT on orders'), 'the start names rights that are missing')
  await admin(
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shop TO ${service.role}`,
    `GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA shop TO ${service.role}`,
  )
  t.match(await checkConnection(service.url), { role: service.role, schema: 'shop', missingRights: [] })
  t.strictSame(await applyMigrations(service.url), [])
  await useService(t, service.url, owner.url)
  await admin(
    `DELETE FROM shop._prisma_migrations WHERE migration_name = (SELECT max(migration_name) FROM shop._prisma_migrations)`,
  )
  await t.rejects(applyMigrations(service.url), { message: new RegExp(`belong to ${owner.role}, not to`) })
})
