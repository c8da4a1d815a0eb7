// @ts-check
import { createHmac, timingSafeEqual } from 'node:crypto'
import cookie from '@fastify/cookie'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import pg from 'pg'
import { serve } from './measured.mjs'
import { readSession } from './read-session.mjs'

// A socket route of the same packages that does nothing but what any needs: the cookie's signature, the session by one query,
// and a frame as large as our snapshot once the client has subscribed. No other hooks, limits, log, groups or Redis.

const {
  DATABASE_URL: connectionString = '',
  SECRET_KEY: secret = '',
  BENCH_PAYLOAD_BYTES = '0',
} = process.env

const pool = new pg.Pool({ connectionString, max: 10 })
const snapshot = JSON.stringify({ type: 'snapshot', data: 'x'.repeat(Number(BENCH_PAYLOAD_BYTES)) })
const app = Fastify({ logger: { level: 'error' } })
await app.register(cookie)
await app.register(websocket, { options: { perMessageDeflate: false, clientTracking: false } })

/** @param {string} value of a cookie: token, a dot, its HMAC */
function readToken(value) {
  const [token = '', signature = ''] = value.split('.')
  const expected = createHmac('sha256', secret).update(token).digest()
  const given = Buffer.from(signature, 'base64url')
  // another key than the service's: the same work, whatever its result
  if (given.length === expected.length) timingSafeEqual(given, expected)
  return token
}

app.register(async (scope) => {
  scope.addHook('preValidation', async (request, reply) => {
    const [value = ''] = Object.values(request.cookies)
    if (!(await readSession(pool, readToken(value))))
      return reply.code(401).send({ error: 'unauthenticated' })
  })
  scope.get('/socket', { websocket: true }, (socket) => {
    socket.on('message', (data) => {
      if (JSON.parse(String(data)).type === 'subscribe') socket.send(snapshot)
    })
  })
})
app.get('/readyz', async () => 'ready')
await app.listen({ host: '127.0.0.1', port: 0 })
const address = app.server.address()
serve(typeof address === 'object' && address ? address.port : 0, () => Promise.resolve(app.close()))
