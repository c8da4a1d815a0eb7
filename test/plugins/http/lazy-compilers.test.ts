import AjvCompiler from '@fastify/ajv-compiler'
import SerializerCompiler from '@fastify/fast-json-stringify-compiler'
import Fastify from 'fastify'
import t from 'tap'
import { lazyCompilers } from '../../../plugins/http/lazy-compilers.js'
import { startService } from '../../helpers/service.js'

const PARTS = ['body', 'params', 'querystring', 'headers'] as const

t.test('every schema of a call compiles, which a start does not check', async (t) => {
  const { app } = await startService(t)
  const validator = AjvCompiler()({}, { customOptions: { coerceTypes: false, useDefaults: true } })
  const serializer = SerializerCompiler()({}, {})
  let count = 0
  for (const { method, url, schema } of app.describedRoutes) {
    const call = { method: String(method), url }
    for (const part of PARTS) {
      if (!schema?.[part]) continue
      t.doesNotThrow(
        () => validator({ ...call, schema: schema[part], httpPart: part }),
        `${method} ${url} ${part}`,
      )
      count++
    }
    for (const [status, answer] of Object.entries(schema?.response ?? {})) {
      t.doesNotThrow(
        () => serializer({ ...call, schema: answer, httpStatus: status }),
        `${method} ${url} ${status}`,
      )
      count++
    }
  }
  t.ok(count > 50, `${count} schemas`)
})

t.test('a schema is compiled at the first request, and its errors are Fastify’s', async (t) => {
  const app = Fastify({ schemaController: { compilersFactory: lazyCompilers } })
  const body = { type: 'object', required: ['a'], properties: { a: { type: 'integer', multipleOf: -1 } } }
  const good = { type: 'object', required: ['a'], properties: { a: { type: 'integer' } } }
  const response = { 200: { type: 'object', properties: { b: { type: 'string' } } } }
  app.post('/bad', { schema: { body } }, async () => 'never')
  app.post('/good', { schema: { body: good, response } }, async () => ({ b: 'x', c: 'is not declared' }))
  await app.ready()
  const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload })
  t.equal((await post('/bad', { a: 1 })).statusCode, 500)
  for (let request = 0; request < 2; request++) {
    t.match((await post('/good', {})).json(), { statusCode: 400, message: /required property 'a'/ })
    t.strictSame((await post('/good', { a: 1 })).json(), { b: 'x' })
  }
})
