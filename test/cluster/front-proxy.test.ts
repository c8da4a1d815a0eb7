import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { FrontProxy } from '../../scripts/cluster/front-proxy.js'
import { freePort } from '../../scripts/cluster/programs.js'
import { within } from '../helpers/deadline.js'
import { createClient } from '../helpers/http-client.js'
import { listen } from '../helpers/listen.js'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** An upstream node with the test's handler; /readyz always answers 200. */
async function startNode(t: Test, handle: Handler): Promise<{ port: number; server: Server }> {
  const server = createServer((request, response) => {
    if (request.url === '/readyz') return void response.end()
    handle(request, response)
  })
  const port = await listen(server)
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, port }
}

async function startFront(t: Test, ports: readonly number[]): Promise<{ url: string; port: number }> {
  const front = new FrontProxy(ports)
  t.teardown(() => front.close())
  const port = await front.listen('127.0.0.1', 0)
  await front.nodes.probe()
  return { url: `http://127.0.0.1:${port}`, port }
}

const named =
  (name: string): Handler =>
  (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text) => {
      body += text
    })
    request.on('end', () => response.end(`${name} ${body}`))
  }

t.test('balances over the nodes and skips one that is down', async (t) => {
  const [one, two] = [await startNode(t, named('one')), await startNode(t, named('two'))]
  const { url } = await startFront(t, [one.port, await freePort(), two.port])
  const client = createClient(url)
  const answers = []
  for (let i = 0; i < 6; i++) answers.push((await client.post<string>('/x', { i })).text)
  t.equal(answers.filter((text) => text.startsWith('one')).length, 3)
  t.equal(answers.filter((text) => text.startsWith('two')).length, 3)
  t.match(answers[5], /\{"i":5\}$/, 'the body arrives even if several nodes were tried')
})

t.test('retries safe requests when a node breaks off, and no others', async (t) => {
  const broken = await startNode(t, (request) => request.socket.resetAndDestroy())
  const whole = await startNode(t, named('whole'))
  const { url } = await startFront(t, [broken.port, whole.port])
  const client = createClient(url)
  t.match(await client.get('/x'), { status: 200, text: 'whole ' })
  t.match(await client.get('/x'), { status: 200 })
  const answers = [await client.post('/x', {}), await client.post('/x', {})]
  t.same(answers.map(({ status }) => status).sort(), [200, 502])
})

t.test('answers 503 at once when no node is ready, to requests and handshakes', async (t) => {
  const { url, port } = await startFront(t, [await freePort(), await freePort()])
  t.match(await createClient(url).get('/'), { status: 503, body: { error: 'unavailable' } })
  const text = await exchange(
    port,
    'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  )
  t.match(text, /^HTTP\/1\.1 503 .*Retry-After: 1/s)
})

t.test('passes headers on unchanged, but replaces the forwarding headers', async (t) => {
  const node = await startNode(t, (request, response) => response.end(JSON.stringify(request.rawHeaders)))
  const { url } = await startFront(t, [node.port])
  const headers = ['Host', 'x.example:81', 'X-One', '1', 'x-one', '2', 'X-Forwarded-For', '6.6.6.6']
  const answer = await createClient(url).get<string>('/', {
    headers: [...headers, 'Forwarded', 'for=6.6.6.6'],
  })
  const seen: unknown = JSON.parse(answer.text)
  t.same(seen, [
    ...['Host', 'x.example:81', 'X-One', '1', 'x-one', '2'],
    ...['X-Forwarded-For', '127.0.0.1', 'X-Forwarded-Proto', 'http', 'Connection', 'close'],
  ])
})

t.test('tunnels an accepted upgrade and passes a refused one on', async (t) => {
  const node = await startNode(t, named('no'))
  node.server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {})
    if (request.url === '/no') return void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${head}`,
    )
    socket.pipe(socket)
  })
  const { port } = await startFront(t, [node.port])
  const ask = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly`
  t.match(await exchange(port, ask('/no')), /^HTTP\/1\.1 403 .*no$/s)
  t.match(await exchange(port, ask('/ws'), ' late'), /^HTTP\/1\.1 101 .*\r\n\r\nearly late$/s)
})

/** Sends `text`, then `more` after the first bytes of the answer; resolves to all bytes received. */
function exchange(port: number, text: string, more = ''): Promise<string> {
  const done = new Promise<string>((resolve, reject) => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.setEncoding('utf8').on('data', (chunk) => {
      if (received === '' && more !== '') socket.end(more)
      received += String(chunk)
    })
    socket.on('error', reject).on('close', () => resolve(received))
  })
  return within(done, 5000, 'the connection to close')
}
