import t from 'tap'
import { isDatabaseAway } from '../../plugins/errors.js'
import { createDatabase, Prisma, rawClientOf } from '../../src/database/client.js'
import { testDatabase } from '../helpers/database.js'
import { createFixture } from '../helpers/fixture.js'
import { until } from '../helpers/until.js'

t.test('a raw query returns what Prisma’s returns', async (t) => {
  const { db } = await createFixture(t)
  const at = new Date('2026-11-29T17:30:08.123Z')
  const values = Prisma.sql`
    SELECT ${1}::int AS int, ${2n}::bigint AS bigint, ${1.5}::float8 AS float8, ${'a’b'}::text AS text, ${true}::bool AS bool,
      ${at}::timestamptz(3) AS at, ${'{"a":[1]}'}::jsonb AS json, ${[1, 2]}::int[] AS ints, ${['x', 'y,"z']}::text[] AS texts,
      ${'6f2b8f4e-9d0b-4f57-8a39-1f6b1d6a0001'}::uuid AS uuid, ${null}::text AS nothing,
      'placed'::order_status::text AS status, count(*) AS count FROM users WHERE false`
  const [byPrisma] = await db.$queryRaw<Record<string, unknown>[]>(values)
  const [raw] = await rawClientOf(db).transaction((tx) => tx.$queryRaw<Record<string, unknown>[]>(values))
  t.strictSame(raw, byPrisma)
  const bytes = Uint8Array.of(0, 1, 255)
  const [stored] = await rawClientOf(db).transaction(
    (tx) => tx.$queryRaw<{ bytes: Uint8Array }[]>`SELECT ${bytes}::bytea AS bytes`,
  )
  t.same([...(stored?.bytes ?? [])], [...bytes])
})

t.test('what an error leaves behind is rolled back, and the connection goes on', async (t) => {
  const { url } = await testDatabase(t, { demo: true })
  const db = createDatabase({ url, poolSize: 1, poolTimeoutMs: 5000, statementTimeoutMs: 5000 })
  t.teardown(() => db.$disconnect())
  const names = async () => (await db.theatre.findMany({ where: { name: 'changed' } })).length
  const change = Prisma.sql`UPDATE theatres SET name = 'changed' WHERE id = 1`
  await t.rejects(
    rawClientOf(db).transaction(async (tx) => {
      t.equal(await tx.$executeRaw(change), 1)
      throw new Error('of our own')
    }),
    { message: 'of our own' },
  )
  t.equal(await names(), 0)
  const duplicate = rawClientOf(db).transaction(async (tx) => {
    await tx.$executeRaw(change)
    await tx.$executeRaw`INSERT INTO users (username, password_hash, role) VALUES ('staff', 'x', 'staff')`
  })
  await t.rejects(duplicate, { name: 'StatementError', code: '23505' })
  const error: unknown = await duplicate.catch((failure: unknown) => failure)
  t.notMatch(JSON.stringify(error), /Key \(/, 'no value of a row is in what is logged')
  t.equal(await names(), 0)
  await t.rejects(
    rawClientOf(db).transaction(async (tx) => {
      await tx.$executeRaw(change)
      await tx.$queryRaw`SELECT 1/0`.catch(() => {})
    }),
    /rolled back/,
    'a statement’s error that is ignored does not look like a commit',
  )
  t.equal(await names(), 0)
  t.equal(await rawClientOf(db).transaction((tx) => tx.$executeRaw(change)), 1)
  t.equal(await names(), 1)
})

t.test('the first statement is in the transaction, although BEGIN is not waited for', async (t) => {
  const { url } = await testDatabase(t, { demo: true })
  const db = createDatabase({ url, poolSize: 1, poolTimeoutMs: 5000, statementTimeoutMs: 5000 })
  t.teardown(() => db.$disconnect())
  const [inside] = await rawClientOf(db).transaction(
    (tx) => tx.$queryRaw<{ level: string; isOpen: boolean }[]>`
      SELECT current_setting('transaction_isolation') AS level, now() <> statement_timestamp() AS "isOpen"`,
    { isolation: 'RepeatableRead' },
  )
  t.same(inside, { level: 'repeatable read', isOpen: true })
})

t.test('COMMIT goes with the last statement, whatever this process does meanwhile', async (t) => {
  const { url, db: other } = await testDatabase(t, { demo: true })
  const db = createDatabase({ url, poolSize: 1, poolTimeoutMs: 5000, statementTimeoutMs: 5000 })
  t.teardown(() => db.$disconnect())
  const names = () => other.theatre.count({ where: { name: 'last' } })
  await rawClientOf(db).transaction(async (tx) => {
    t.equal(await tx.last.$executeRaw`UPDATE theatres SET name = 'last' WHERE id = 1`, 1)
    await until(async () => (await names()) === 1, 'the commit, while the transaction is still open here')
    await t.rejects(tx.$queryRaw`SELECT 1`, /has had its last statement/)
  })
  const failed = rawClientOf(db).transaction(async (tx) => {
    await tx.$executeRaw`UPDATE theatres SET name = 'failed' WHERE id = 2`
    await tx.last.$queryRaw`SELECT 1/0`
  })
  await t.rejects(failed, { name: 'StatementError', code: '22012' }, 'its own error, not that of COMMIT')
  t.equal(await other.theatre.count({ where: { name: 'failed' } }), 0, 'nothing of it is stored')
  const ignored = rawClientOf(db).transaction(async (tx) => {
    await tx.last.$queryRaw`SELECT 1/0`.catch(() => {})
  })
  await t.rejects(ignored, /rolled back/)
  t.same(await rawClientOf(db).$queryRaw`SELECT 1 AS one`, [{ one: 1 }], 'the connection goes on')
})

t.test('a transaction that takes too long is rolled back, and is a 503', async (t) => {
  const { db } = await createFixture(t)
  const error: unknown = await rawClientOf(db)
    .transaction(
      async (tx) => {
        await tx.$executeRaw`UPDATE theatres SET name = 'late' WHERE id = 1`
        await tx.$queryRaw`SELECT pg_sleep(0.05)::text`
      },
      { timeoutMs: 40 },
    )
    .catch((failure: unknown) => failure)
  t.ok(isDatabaseAway(error), String(error))
  t.not((await db.theatre.findUniqueOrThrow({ where: { id: 1 } })).name, 'late')
})

t.test('a statement that the server cancels, and a deadlock, are a 503', async (t) => {
  const { url } = await testDatabase(t, { demo: true })
  const db = createDatabase({ url, poolSize: 2, poolTimeoutMs: 5000, statementTimeoutMs: 5000 })
  t.teardown(() => db.$disconnect())
  const cancelled: unknown = await rawClientOf(db)
    .transaction(async (tx) => {
      await tx.$executeRaw`SET LOCAL statement_timeout = 20`
      await tx.$queryRaw`SELECT pg_sleep(10)::text`
    })
    .catch((failure: unknown) => failure)
  t.match(cancelled, { code: '57014' })
  t.ok(isDatabaseAway(cancelled))
  const lock = (id: number) => Prisma.sql`SELECT FROM theatres WHERE id = ${id}::int FOR UPDATE`
  const both = await db.$queryRaw<{ id: number }[]>`SELECT id FROM theatres ORDER BY id LIMIT 2`
  const [one = 0, two = 0] = both.map(({ id }) => id)
  let locked = 0
  const lockInTurn = (order: readonly number[]) =>
    rawClientOf(db).transaction(async (tx) => {
      const [own = 0, other = 0] = order
      await tx.$queryRaw(lock(own))
      locked++
      await until(() => locked === 2, 'both to have locked')
      await tx.$queryRaw(lock(other))
    })
  const results = await Promise.allSettled([lockInTurn([one, two]), lockInTurn([two, one])])
  const [victim] = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  t.match(victim, { code: '40P01' })
  t.ok(isDatabaseAway(victim))
})

t.test('a client that has only run raw transactions can be closed', async (t) => {
  const { url } = await testDatabase(t)
  const db = createDatabase({ url, poolSize: 1, poolTimeoutMs: 5000, statementTimeoutMs: 5000 })
  t.same(await rawClientOf(db).transaction((tx) => tx.$queryRaw`SELECT 1 AS one`), [{ one: 1 }])
  await db.$disconnect()
  await t.rejects(
    rawClientOf(db).transaction((tx) => tx.$queryRaw`SELECT 1`),
    /after calling end|Cannot use a pool/,
  )
})
