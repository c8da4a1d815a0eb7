import t from 'tap'
import { EVENT_DATA } from '../../src/protocol/views.js'
import { createClient } from '../helpers/http-client.js'
import { startService } from '../helpers/service.js'

t.test('/docs describes the HTTP calls and the sockets', async (t) => {
  const { url } = await startService(t)
  const client = createClient(url)
  const openapi = await client.get('/docs/openapi.json')
  t.equal(openapi.status, 200)
  const paths = Object.keys((openapi.body as { paths: object }).paths)
  for (const path of [
    '/api/auth/login',
    '/api/seats/{seatToken}/orders',
    '/api/orders/{id}/seen',
    '/webhooks/payments',
  ]) {
    t.ok(paths.includes(path), path)
  }
  t.notOk(
    paths.some((path) => path.startsWith('/ws/') || path === '/theatre/live-orders/'),
    'without sockets and pages',
  )
  interface Call {
    responses: object
    security?: unknown
    parameters?: { in: string; name: string }[]
  }
  type Calls = Record<string, Record<string, Call>>
  const { paths: calls } = openapi.body as { paths: Calls }
  const statuses = (method: string, path: string) => Object.keys(calls[path]?.[method]?.responses ?? {})
  for (const [method, path] of [
    ['post', '/api/auth/logout'],
    ['post', '/api/auth/password'],
    ['delete', '/api/auth/sessions'],
    ['delete', '/api/auth/sessions/{id}'],
    ['post', '/api/chats/{id}/read'],
  ] as const) {
    t.strictSame(statuses(method, path), ['204', 'default'], `${path} has no response body`)
  }
  t.strictSame(statuses('post', '/api/seats/{seatToken}/orders'), ['200', '201', 'default'])
  t.strictSame(statuses('post', '/webhooks/payments'), ['200', 'default'])
  t.strictSame(calls['/api/users']?.get?.security, [{ session: [] }], 'requires a session')
  t.equal(calls['/api/seats/{seatToken}']?.get?.security, undefined, 'requires none')
  const headersOf = (method: string, path: string) =>
    (calls[path]?.[method]?.parameters ?? []).filter((each) => each.in === 'header').map(({ name }) => name)
  t.strictSame(headersOf('get', '/api/users'), ['x-houselights-user'])
  t.strictSame(headersOf('post', '/api/seats/{seatToken}/orders'), ['idempotency-key', 'x-houselights-user'])
  t.strictSame(headersOf('get', '/readyz'), [])
  const asyncapi = await client.get('/docs/asyncapi.json')
  t.match(asyncapi.body, {
    asyncapi: '3.0.0',
    channels: { order: { address: '/ws/payment-socket/{orderId}/' } },
    operations: {
      'chat.receive': {
        action: 'receive',
        messages: ['subscribe', 'ping', 'send'].map((type) => ({ $ref: `#/channels/chat/messages/${type}` })),
      },
      'order.send': { action: 'send', channel: { $ref: '#/channels/order' } },
    },
    components: {
      messages: {
        event: {
          payload: {
            anyOf: Object.keys(EVENT_DATA).map((name) => ({
              properties: {
                name: { const: name },
                data: { $ref: /^#\/components\/schemas\/(?:OrderView|Chat(?:Message|Read)Data)$/ },
              },
            })),
          },
        },
      },
    },
  })
  for (const { body } of [openapi, asyncapi]) {
    const { schemas } = (body as { components: { schemas: Record<string, object> } }).components
    t.match(schemas.OrderView, { properties: { seat: { $ref: '#/components/schemas/SeatView' } } })
    const references = JSON.stringify(body).matchAll(/"#\/components\/schemas\/(\w+)"/g)
    const names = new Set([...references].map(([, name = '']) => name))
    t.ok(names.size > 5, 'documents refer to the shared schemas')
    for (const name of names) t.ok(schemas[name], name)
  }
  t.match(calls['/api/orders/{id}']?.get?.responses, {
    200: {
      content: {
        'application/json': { schema: { properties: { order: { $ref: '#/components/schemas/OrderView' } } } },
      },
    },
  })
  const page = await client.get('/docs')
  t.equal(page.status, 200)
  t.match(page.headers['content-type'], /html/)
  t.match(page.headers['content-security-policy'], /^default-src 'self';/)
  t.notMatch(String(page.body), /<script(?! src=")|<style|style=|\son\w+=/, 'nothing inline')
})
