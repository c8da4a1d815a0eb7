import { mkdirSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { acquireEmbeddedServer } from '../../src/database/embedded/embedded-server.js'
import { acquireMatchingServer } from '../../src/database/embedded-database.js'
import { applyMigrations, migrationState } from '../../src/database/migrate.js'
import { testDatabase } from '../helpers/database.js'
import { withClient } from '../helpers/database-template.js'
import { dataDirectory } from '../helpers/embedded-servers.js'
import { spawnService } from '../helpers/service-process.js'

/** A migration of another version, which this one does not have. */
const FOREIGN = `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
  VALUES ('of-another-version', 'abc', '20200101000000_of_another_version', now(), 1)`
const CHANGED = `UPDATE _prisma_migrations SET checksum = 'abc' WHERE migration_name LIKE '%initial_tables'`

t.test('an embedded database of another version is set aside and replaced', async (t) => {
  const folder = dataDirectory(t)
  const directory = join(folder, '.data')
  const before = await acquireEmbeddedServer({ dataDirectory: directory })
  await applyMigrations(before.url)
  await withClient(before.url, (client) =>
    client.query(`${FOREIGN}; CREATE TABLE precious AS SELECT 42 AS answer`),
  )

  const inUse = acquireMatchingServer({ dataDirectory: directory })
  await t.rejects(inUse, { name: 'EmbeddedServerError', message: /in use by other processes: stop them/ })
  await before.release()

  const service = spawnService(t, { folder })
  await service.listening()
  const line =
    /^houselights: the embedded database has migrations of another version: it was moved to (\S+), and a new one is used$/m
  const setAside = line.exec(service.output())?.[1] ?? ''
  t.match(setAside, /^\.data\/postgres-set-aside-\d{8}T\d{6}$/)
  service.child.kill('SIGTERM')
  t.strictSame(await service.ended(), [0, null])

  const again = spawnService(t, { folder })
  await again.listening()
  t.notMatch(again.output(), /another version/, 'the new database is used from then on')
  again.child.kill('SIGTERM')
  await again.ended()
  t.equal(readdirSync(directory).filter((name) => name.includes('set-aside')).length, 1)

  // moved back, it has its data
  const elsewhere = dataDirectory(t)
  mkdirSync(join(elsewhere, '.data'))
  renameSync(join(folder, setAside), join(elsewhere, '.data/postgres'))
  const restored = await acquireEmbeddedServer({ dataDirectory: join(elsewhere, '.data') })
  const { rows } = await withClient(restored.url, (client) => client.query('SELECT answer FROM precious'))
  t.strictSame(rows, [{ answer: 42 }])
  await restored.release()
})

t.test('an external database of another version prevents the start and is not changed', async (t) => {
  for (const change of [FOREIGN, CHANGED]) {
    const { url } = await testDatabase(t)
    t.equal(await migrationState(url), 'current')
    await withClient(url, (client) => client.query(change))
    t.equal(await migrationState(url), 'unknown migrations')
    await t.rejects(applyMigrations(url), { name: 'MigrationError', code: 'unknown_migrations' })
    const service = spawnService(t, { env: { DATABASE_URL: url } })
    t.strictSame(await service.ended(), [1, null])
    t.equal(
      service.output().trim(),
      'houselights can’t start: the database has migrations that this version of houselights does not have: start the version that applied them, or set DATABASE_URL to an empty database',
    )
  }
})

/** A migration of the release after this one. */
const LATER = `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
  VALUES ('of-the-next-version', 'abc', '99990101000000_of_the_next_version', $1, 1)`

t.test('a node of the release before starts on a database that the next release has migrated', async (t) => {
  for (const finishedAt of [new Date(), null]) {
    const { url } = await testDatabase(t)
    await withClient(url, (client) => client.query(LATER, [finishedAt]))
    t.equal(await migrationState(url), 'newer')
    const service = spawnService(t, { env: { DATABASE_URL: url } })
    await service.listening()
    t.match(
      service.output(),
      /^houselights: the database has migrations of a later version, which this one works with if it is the one before$/m,
    )
    service.child.kill('SIGTERM')
    t.strictSame(await service.ended(), [0, null])
  }
})

t.test('a later migration does not excuse one of this version that is missing', async (t) => {
  const { url } = await testDatabase(t)
  await withClient(url, async (client) => {
    await client.query(LATER, [new Date()])
    await client.query(`DELETE FROM _prisma_migrations WHERE migration_name LIKE '%initial_tables'`)
  })
  t.equal(await migrationState(url), 'unknown migrations')
})
