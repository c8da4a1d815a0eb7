import Fastify, { type FastifyBaseLogger } from 'fastify'
import { pino } from 'pino'
import t from 'tap'
import { errorsPlugin, isDatabaseAway } from '../../plugins/errors.js'
import { invalid } from '../../src/errors.js'
import { LogCapture } from '../helpers/logs.js'

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

t.test('a database that is away is said once in a while, not for every request', async (t) => {
  const logs = new LogCapture()
  const app = Fastify({ loggerInstance: pino(logs) as FastifyBaseLogger })
  await app.register(errorsPlugin)
  app.get('/', async () => {
    throw Object.assign(new Error('x'), { code: 'P2024' })
  })
  const answers = await Promise.all(Array.from({ length: 50 }, () => app.inject('/')))
  for (const { statusCode, headers, body } of answers) {
    t.match(
      { statusCode, headers, body },
      { statusCode: 503, headers: { 'retry-after': '1' }, body: /"unavailable"/ },
    )
  }
  const said = logs.lines.filter(({ msg }) => msg === 'the database does not respond')
  t.ok(said.length >= 1 && said.length < 10, `${said.length} lines`)
  t.match(said[0], { suppressed: 0, err: { code: 'P2024' } })
  await app.close()
})

t.test('a field has one name, whoever refuses it: the schema or the action', async (t) => {
  const app = Fastify()
  await app.register(errorsPlugin)
  const password = { type: 'string' }
  const items = { type: 'array', items: { type: 'object', required: ['quantity'] } }
  const body = { type: 'object', required: ['password'], properties: { password, items } }
  app.post('/', { schema: { body } }, async () => {
    throw invalid('password', 'is too short')
  })
  const pathsOf = async (payload: object) =>
    (await app.inject({ method: 'POST', url: '/', payload })).json().details.map(readPath)
  const readPath = ({ path }: { path: string }) => path
  for (const payload of [{}, { password: {} }, { password: 'x' }])
    t.same(await pathsOf(payload), ['password'], JSON.stringify(payload))
  t.same(await pathsOf({ password: 'x', items: [{}] }), ['items.0.quantity'])
  t.same(await pathsOf([]), ['body'], 'what is no object has no fields')
  await app.close()
})
