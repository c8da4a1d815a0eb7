import t from 'tap'
import { type Handshake, shakeHands } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import { startService } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { connect } from '../helpers/socket-client.js'

const PATH = '/ws/all-seat-datasocket/'
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const ENV = { RATE_LIMITS: 'off' }

t.test('every error of every route names its request, as its log line does', async (t) => {
  const { app, url, logs } = await startService(t, { demo: true, env: ENV })
  const client = createClient(url)
  const routes = app.routeTable.filter(({ isSocket, method }) => !isSocket && method !== 'HEAD')
  t.ok(routes.length > 50, 'routes are seen')
  let errors = 0
  for (const { method, url: pattern } of routes) {
    const path = pattern.replace(/:\w+/g, 'x').replace('*', 'x')
    // ends a stream of events, which has no end of its own
    if (path.endsWith('/changes')) continue
    const { status, headers } = await client.request(method, path)
    const id = headers['x-request-id']
    t.match(id, ID, `${method} ${pattern}`)
    if (status < 400) continue
    errors++
    // calls of the documentation’s files that don’t exist involve no decision, as unknown paths
    if (pattern.startsWith('/docs')) continue
    t.match(await logs.expect({ reqId: id }), { reqId: id, status }, `${method} ${pattern}: logged`)
  }
  t.ok(errors > 40, `${errors} errors`)
  t.match((await client.get('/nowhere')).headers, { 'x-request-id': ID }, 'a path of no route')
  t.match((await client.get('/%E0%A4%A')).headers, { 'x-request-id': ID }, 'a malformed path')
})

t.test('every refused handshake names its request, as WSREJECT does', async (t) => {
  const { url, port, logs } = await startService(t, { demo: true, env: ENV })
  const { cookie } = await signIn(url, 'staff')
  const cases: Partial<Handshake>[] = [
    {},
    { cookie, version: '12' },
    { cookie, origin: 'http://evil.example' },
    { cookie, host: 'evil.example' },
    { cookie, path: '/ws/payment-socket/x/' },
    { cookie, path: '/ws/payment-socket/4711/' },
    { cookie, path: '/ws/nothing/' },
    { cookie, path: '/ws/%E0%A4%A/' },
    { cookie, path: `/ws/payment-socket/${'1'.repeat(200)}/` },
  ]
  for (const change of cases) {
    const { status, headers } = await shakeHands(port, { path: PATH, cookie: null, ...change })
    const reqId = headers.get('x-request-id')
    t.match(reqId, ID, JSON.stringify(change))
    t.match(await logs.expect({ msg: 'WSREJECT', reqId }), { status })
  }
})

t.test('a socket’s first and last line have the id of its handshake', async (t) => {
  const { url, logs } = await startService(t, { demo: true })
  const { cookie } = await signIn(url, 'staff')
  t.match(await logs.expect({ msg: 'LOGIN' }), { reqId: ID })
  const socket = await connect(`${url}${PATH}`, { cookie })
  const { reqId, connection } = await logs.expect({ msg: 'WSCONNECT' })
  t.match(reqId, ID)
  await socket.close()
  t.match(await logs.expect({ msg: 'WSDISCONNECT' }), { reqId, connection })
})

t.test('a fault of ours names its request in the body; a refusal’s body is the same for all', async (t) => {
  const { db, url, logs } = await startService(t, { demo: true, env: ENV })
  const client = createClient(url)
  const missing = await client.get('/api/seats/none')
  t.same(Object.keys(missing.body as object), ['error', 'message'])
  await db.$executeRaw`ALTER TABLE menu_items RENAME COLUMN diet TO diets`
  const failed = await client.get('/api/seats/demo-a1')
  const id = failed.headers['x-request-id']
  t.match(failed, { status: 500, body: { error: 'internal_error', message: /\w/, requestId: id } })
  t.match(await logs.expect({ msg: 'a request failed' }), { reqId: id, suppressed: 0 })
})

t.test('a trusted proxy’s id goes through to the logs; a client’s does not', async (t) => {
  const headers = { 'x-request-id': '4bf92f3577b34da6a3ce929d0e0e4736' }
  const answerOf = async (env: Record<string, string>) => {
    const { url, logs } = await startService(t, { demo: true, env })
    const answer = await createClient(url).get('/api/auth/session', { headers })
    const { reqId } = await logs.expect({ msg: 'REFUSE' })
    return [answer.headers['x-request-id'], reqId]
  }
  const proxied = await answerOf({ TRUST_PROXY: '127.0.0.1' })
  t.same(proxied, [headers['x-request-id'], headers['x-request-id']])
  const [sent, logged] = await answerOf({})
  t.match(sent, ID)
  t.equal(logged, sent)
})
