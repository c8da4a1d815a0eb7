import { createServer } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import t, { type Test } from 'tap'
import { listen } from '../helpers/listen.js'
import { type Nginx, startNginx } from '../helpers/nginx.js'
import { startNode } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { until } from '../helpers/until.js'

// deploy/nginx.conf, with a real nginx.

const HOST = 'orders.example.com'

/** A request's status; `closed` when nginx closes the connection without a response. */
function ask(
  { httpsPort: port, certificate: ca }: Nginx,
  options: RequestOptions = {},
): Promise<number | 'closed'> {
  return new Promise((resolve) => {
    const { headers, ...given } = options
    const asked = request({
      host: '127.0.0.1',
      port,
      ca,
      servername: HOST,
      agent: false,
      headers: { host: HOST, ...headers },
      ...given,
    })
    asked.once('error', () => resolve('closed'))
    asked.once('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asked.once('upgrade', (response, socket) => {
      socket.destroy()
      resolve(response.statusCode ?? 0)
    })
    asked.end()
  })
}

/** A node that answers everything with a status after some ms, and counts. */
async function standIn(t: Test, status: number, ms = 0): Promise<{ port: number; count(): number }> {
  let requests = 0
  const server = createServer((_request, response) => {
    requests++
    setTimeout(() => response.writeHead(status).end(), ms)
  })
  const port = await listen(server)
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port, count: () => requests }
}

t.test('pages, sockets and IPv6 reach the node, and nothing else does', async (t) => {
  const service = await startNode(t, { env: { ALLOWED_HOSTS: HOST, TRUST_PROXY: '127.0.0.1' } })
  const nginx = await startNginx(t, [service.port])
  t.equal(await ask(nginx, { path: '/api/seats/demo-a1' }), 200)
  t.equal(await ask(nginx, { path: '/api/seats/demo-a1', host: '::1' }), 200, 'over IPv6')
  const { cookie } = await openSession(service, 'staff')
  const handshake = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    origin: `https://${HOST}`,
    cookie,
  }
  t.equal(await ask(nginx, { path: '/ws/all-seat-datasocket/', headers: handshake }), 101)

  for (const path of [
    '/readyz',
    '/readyz/',
    '/metrics',
    '/metrics/',
    '/metrics//',
    '//metrics',
    '/%6detrics/',
  ]) {
    t.equal(await ask(nginx, { path }), 404, path)
  }
  for (const host of ['other.example.com', '127.0.0.1', 'localhost', `${HOST}.evil.example`]) {
    t.equal(await ask(nginx, { headers: { host } }), 'closed', `no page for ${host}`)
  }
  t.equal(
    await ask(nginx, { servername: 'other.example.com' }),
    'closed',
    'nor a certificate for another name',
  )
})

t.test('nginx names a request in its log, and the node by the same id; a client does not', async (t) => {
  const service = await startNode(t, { env: { ALLOWED_HOSTS: HOST, TRUST_PROXY: '127.0.0.1' } })
  const nginx = await startNginx(t, [service.port])
  const headers = { 'x-request-id': 'f'.repeat(32) }
  t.equal(await ask(nginx, { path: '/api/auth/session', headers }), 401)
  const { reqId } = await service.logs.expect({ msg: 'REFUSE' })
  t.match(reqId, /^[0-9a-f]{32}$/)
  t.not(reqId, headers['x-request-id'])
  await until(() => nginx.logs().includes('GET 401'), 'the access log')
  t.ok(
    nginx
      .logs()
      .split('\n')
      .some((line) => line.startsWith(`${reqId} `)),
  )
})

t.test('logs hold no path, which may be a seat’s token, also when no node answers', async (t) => {
  const nginx = await startNginx(t, [1, 2])
  t.equal(await ask(nginx, { path: '/s/a-token-nobody-may-see?key=neither' }), 502)
  t.equal(await ask(nginx, { method: 'POST', path: '/api/seats/a-token-nobody-may-see/orders' }), 502)
  await until(() => nginx.logs().includes('POST 502'), 'the access log')
  t.match(
    nginx.logs(),
    /POST 502 .* 127\.0\.0\.1:[12], 127\.0\.0\.1:[12] 502, 502/,
    'but each node that was tried',
  )
  t.notMatch(nginx.logs(), /a-token|neither/)
})

t.test('a quick 503 is tried at the next node, one of a hanging database is not', async (t) => {
  const [draining, good] = [await standIn(t, 503), await standIn(t, 200)]
  const nginx = await startNginx(t, [draining.port, good.port])
  for (let i = 0; i < 4; i++) t.equal(await ask(nginx), 200)
  t.ok(draining.count() > 0)
  const slow = [await standIn(t, 503, 5500), await standIn(t, 503, 5500)] as const
  t.equal(await ask(await startNginx(t, [slow[0].port, slow[1].port])), 503)
  t.equal(slow[0].count() + slow[1].count(), 1, 'one node was asked')
})

t.test('a POST that reached a node is not repeated', async (t) => {
  const nodes = [await standIn(t, 503), await standIn(t, 503)] as const
  const nginx = await startNginx(t, [nodes[0].port, nodes[1].port])
  t.equal(await ask(nginx, { method: 'POST' }), 503)
  t.equal(nodes[0].count() + nodes[1].count(), 1)
})

t.test('one address has a limit of connections', async (t) => {
  const slow = await standIn(t, 200, 1500)
  const nginx = await startNginx(t, [slow.port], { maxConnections: 3 })
  const statuses = await Promise.all(Array.from({ length: 6 }, () => ask(nginx)))
  t.strictSame(statuses.sort(), [200, 200, 200, 429, 429, 429])
})
