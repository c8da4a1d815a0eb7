import t from 'tap'
import { isDatabaseAway } from '../../plugins/errors.js'

t.test('what Prisma and the driver say when the database is away, however deep', async (t) => {
  const away = [
    new Error('Raw query failed. Code: `N/A`. Message: `Server has closed the connection.`'),
    new Error('timeout exceeded when trying to connect'),
    new Error('Connection terminated unexpectedly'),
    new Error('database "x" is not currently accepting connections'),
    Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
    Object.assign(new Error('x'), { code: 'P2024' }),
    new Error('outer', { cause: new Error('inner', { cause: new Error('Query read timeout') }) }),
  ]
  for (const error of away) t.ok(isDatabaseAway(error), error.message)
})

t.test('what is our own fault is not taken for it', async (t) => {
  const circle = new Error('a')
  circle.cause = circle
  for (const error of [
    new Error('column does not exist'),
    new TypeError('x is not a function'),
    circle,
    null,
    'text',
  ]) {
    t.notOk(isDatabaseAway(error))
  }
  t.notOk(isDatabaseAway(Object.assign(new Error('unique'), { code: 'P2002' })))
})
