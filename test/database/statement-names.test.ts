import t from 'tap'
import { statementNames } from '../../src/database/statement-names.js'
import { createFixture } from '../helpers/fixture.js'

t.test('a text has one name, the same in every process; other texts have others', async (t) => {
  const name = statementNames()
  const first = name({ sql: 'SELECT 1' })
  t.match(first, /^hl_[\w-]{22}$/)
  t.equal(name({ sql: 'SELECT 1' }), first)
  t.equal(statementNames()({ sql: 'SELECT 1' }), first)
  t.not(name({ sql: 'SELECT 2' }), first)
})

t.test('transaction control, and texts beyond the limit, are not prepared', async (t) => {
  const name = statementNames(2)
  for (const sql of ['BEGIN', 'COMMIT', 'ROLLBACK TO SAVEPOINT s', 'SET TRANSACTION READ ONLY']) {
    t.equal(name({ sql }), '', sql)
  }
  t.ok(name({ sql: 'SELECT 1' }))
  t.ok(name({ sql: 'SELECT 2' }))
  t.equal(name({ sql: 'SELECT 3' }), '')
  t.ok(name({ sql: 'SELECT 2' }), 'known ones keep theirs')
})

t.test('the server has the statements of the client, by their names', async (t) => {
  const { db } = await createFixture(t)
  const found = await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT ${1}::int AS one`
    return await tx.$queryRaw<{ name: string }[]>`
      SELECT name FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1::int AS one'`
  })
  t.equal(found.length, 1)
  t.equal(found[0]?.name, statementNames()({ sql: 'SELECT $1::int AS one' }))
})
