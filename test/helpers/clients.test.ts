import { createServer, type IncomingMessage, type Server } from 'node:http'
import t, { type Test } from 'tap'
import { type WebSocket, WebSocketServer } from 'ws'
import { createClient } from './http-client.js'
import { listen } from './listen.js'
import { httpHead, openRaw, sendRaw } from './raw-connection.js'
import { connect, RefusedError, refused } from './socket-client.js'

async function serve(t: Test, server: Server): Promise<number> {
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return listen(server)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

t.test('the HTTP client keeps cookies and says what it is told, no more', async (t) => {
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    response.setHeader(
      'set-cookie',
      request.url === '/out' ? ['a=; Max-Age=0'] : ['a=1=2; Path=/; HttpOnly', 'b=2'],
    )
    response.setHeader('content-type', 'application/json; charset=utf-8')
    response.end(JSON.stringify({ raw: request.rawHeaders, method: request.method, url: request.url, body }))
  })
  const client = createClient(`http://127.0.0.1:${await serve(t, server)}`)
  interface Echo {
    raw: string[]
    method: string
    body: string
  }
  const first = await client.post<Echo>('/in', { x: 1 })
  t.match(first, { status: 200, body: { method: 'POST', body: '{"x":1}' } })
  t.notMatch(first.body.raw.join(' ').toLowerCase(), /cookie|origin|sec-fetch|user-agent/)
  t.equal(client.cookie, 'a=1=2; b=2')
  t.match((await client.get<Echo>('/x')).body.raw.join('|'), /cookie\|a=1=2; b=2/i)
  await client.get('/out')
  t.equal(client.cookie, 'b=2')
  const forged = await client.request<Echo>('POST', '/x', undefined, {
    headers: ['Host', 'one.example', 'Origin', 'a', 'Origin', 'b'],
    raw: 'not json',
  })
  t.equal(forged.body.body, 'not json')
  t.strictSame(forged.body.raw.slice(0, 6), ['Host', 'one.example', 'Origin', 'a', 'Origin', 'b'])
  t.equal(forged.body.raw.filter((name) => name.toLowerCase() === 'host').length, 1)
})

t.test('raw bytes: an answer, an end, and an end that does not come', async (t) => {
  const server = createServer((request, response) => {
    if (request.url === '/hang') return
    response.end('hi')
  })
  const port = await serve(t, server)
  const closed = await sendRaw(port, httpHead('GET / HTTP/1.1', 'Host: x', 'Connection: close'))
  t.match(closed, { closed: true, text: /^HTTP\/1.1 200 OK\r\n.*hi$/s })
  t.strictSame(await sendRaw(port, httpHead('GET /hang HTTP/1.1', 'Host: x'), { within: 50 }), {
    text: '',
    closed: false,
  })
  const connection = await openRaw(port)
  connection.write('GET / HT')
  connection.write('TP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  t.match(await connection.expect(/HTTP\/1.1 (\d+)/), ['HTTP/1.1 200', '200'])
  await connection.closed()
  await t.rejects(connection.expect(/never/), { message: /closed before/ })
})

async function echo(
  t: Test,
  onConnection: (ws: WebSocket, request: IncomingMessage) => void,
): Promise<string> {
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'houselights.v1' })
  server.on('upgrade', (request, stream, head) => {
    if (request.url === '/refused') {
      stream.end(
        'HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"error":"forbidden"}',
      )
      return
    }
    if (request.url === '/silent') return
    sockets.handleUpgrade(request, stream, head, (ws) => onConnection(ws, request))
  })
  t.teardown(() => {
    for (const ws of sockets.clients) ws.terminate()
  })
  return `http://127.0.0.1:${await serve(t, server)}`
}

t.test('the socket client: frames that come with the 101, ends, and marks', async (t) => {
  const url = await echo(t, (ws, request) => {
    ws.send(JSON.stringify({ type: 'hello', origin: request.headers.origin, cookie: request.headers.cookie }))
    ws.on('message', (data) => {
      ws.send(data.toString())
      if (data.toString().includes('bye')) ws.close(1012, 'retry=5')
    })
  })
  const socket = await connect(`${url}/x`, { cookie: 'a=1', protocol: 'houselights.v1' })
  t.match(await socket.expect({ type: 'hello' }), { origin: url, cookie: 'a=1' })
  t.equal(socket.ws.protocol, 'houselights.v1')
  await socket.refute({ type: 'hello' })
  socket.subscribe({ 'theatre:1:orders': 4 })
  await t.rejects(socket.refute({ type: 'subscribe' }), { message: /must not/ })
  t.match(await socket.expect({ type: 'subscribe' }), { cursors: { 'theatre:1:orders': 4 } })
  socket.send('bye')
  t.match(await socket.expect({ text: 'bye' }), {})
  t.strictSame(await socket.closed(), { code: 1012, reason: 'retry=5' })
  await socket.refute({ type: 'anything' })
  t.equal(socket.history.length, 3)
  const noOrigin = await connect(`${url}/x`, { origin: null })
  t.equal((await noOrigin.expect({ type: 'hello' })).origin, undefined)
  t.match(await noOrigin.close(), { code: 1000 })
})

t.test('a refused handshake rejects with what was answered, a silent one with a deadline', async (t) => {
  const url = await echo(t, () => {})
  t.match(await refused(`${url}/refused`), { status: 403, body: { error: 'forbidden' } })
  await t.rejects(connect(`${url}/refused`), RefusedError)
  await t.rejects(refused(`${url}/accepted`), { message: /must not/ })
  await t.rejects(connect(`${url}/silent`, { within: 50 }), { name: 'DeadlineError' })
  await t.rejects(connect('http://127.0.0.1:1/x'), { code: 'ECONNREFUSED' })
})
