import Fastify, { type FastifyBaseLogger } from 'fastify'
import { pino } from 'pino'
import t from 'tap'
import { errorsPlugin, isDatabaseAway } from '../../plugins/errors.js'
import { invalid } from '../../src/errors.js'
import { LogCapture } from '../helpers/logs.js'

t.test(
  'errors of Prisma and the driver for an unreachable database are recognized, also as a nested cause',
  async (t) => {
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
  },
)

t.test('errors of the service itself are not mistaken for an unreachable database', async (t) => {
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

t.test('an unreachable database is logged now and then, not for every request', async (t) => {
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
  const logged = logs.lines.filter(({ msg }) => msg === 'the database does not respond')
  t.ok(logged.length >= 1 && logged.length < 10, `${logged.length} lines`)
  t.match(logged[0], { suppressed: 0, err: { code: 'P2024' } })
  await app.close()
})

t.test('a fault is logged now and then, and another one does not hide behind it', async (t) => {
  const logs = new LogCapture()
  const app = Fastify({ loggerInstance: pino(logs) as FastifyBaseLogger })
  await app.register(errorsPlugin)
  app.get('/often', async () => {
    throw new TypeError('x is not a function')
  })
  app.get('/once', async () => {
    throw new TypeError('y is not a function')
  })
  const answers = await Promise.all(Array.from({ length: 50 }, () => app.inject('/often')))
  answers.push(await app.inject('/once'))
  for (const answer of answers)
    t.match(answer.json(), { error: 'internal_error', requestId: /\w/ }, String(answer.statusCode))
  const failed = logs.lines.filter(({ msg }) => msg === 'a request failed')
  const texts = failed.map(({ err }) => (err as Error).message)
  t.ok(texts.length < 10, `${texts.length} lines`)
  t.equal(texts[0], 'x is not a function')
  t.equal(texts.at(-1), 'y is not a function')
  await app.close()
})

t.test('a field has the same path in errors of the schema and of the action', async (t) => {
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
  t.same(await pathsOf([]), ['body'], 'a body that is not an object has no fields')
  await app.close()
})
