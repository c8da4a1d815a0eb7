import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type PerMessageDeflateOptions, WebSocket, WebSocketServer } from 'ws'
import { closeFrame } from '../../src/gate/frame-scanner.js'
import { listen } from '../helpers/listen.js'
import { httpHead, openRaw } from '../helpers/raw-connection.js'
import { connect } from '../helpers/socket-client.js'
import { until, untilSame } from '../helpers/until.js'
import { siteDatabase } from './django.js'
import { type Gate, startGate } from './gate.js'
import { cookieOf, insertSession } from './session-row.js'

interface Scene {
  gate: Gate
  cookie: string
  /** the upstream's end of the next socket */
  accepted(): Promise<{ ws: WebSocket; stream: Socket }>
}

/** A gate in front of a `ws` server, with somebody signed in. */
async function scene(
  t: Test,
  {
    env,
    deflate = false,
  }: { env?: Record<string, string>; deflate?: PerMessageDeflateOptions | boolean } = {},
): Promise<Scene> {
  const server = createServer()
  const wss = new WebSocketServer({
    server,
    perMessageDeflate: deflate,
    maxPayload: 64 << 20,
    autoPong: false,
  })
  const port = await listen(server)
  const waiting: { ws: WebSocket; stream: Socket }[] = []
  wss.on('connection', (ws, { socket: stream }) => {
    ws.on('error', () => {})
    waiting.push({ ws, stream })
  })
  t.teardown(() => {
    for (const ws of wss.clients) ws.terminate()
    server.close()
  })
  const database = await siteDatabase(t)
  const routes = [{ path: '/ws/', guard: 'user', upstream: `ws://127.0.0.1:${port}/` }]
  const gate = await startGate(t, { database, file: { routes }, ...(env ? { env } : {}) })
  const cookie = cookieOf(await insertSession(database))
  return { gate, cookie, accepted: () => until(() => waiting.shift(), 'the upstream to accept a socket') }
}

/** The handshake of a client that writes its own bytes. */
async function openRawSocket({ gate, cookie }: Scene, extra: string[] = []) {
  const raw = await openRaw(gate.port)
  const host = `127.0.0.1:${gate.port}`
  raw.write(
    httpHead(
      'GET /ws/ HTTP/1.1',
      `Host: ${host}`,
      `Origin: http://${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      `Cookie: ${cookie}`,
      ...extra,
    ),
  )
  await raw.expect(/^HTTP\/1\.1 101 [\s\S]*?\r\n\r\n/)
  const head = /^[\s\S]*?\r\n\r\n/.exec(raw.text)?.[0] ?? ''
  return { raw, head, bytes: () => Buffer.from(raw.text.slice(head.length), 'latin1') }
}

t.test('text and binary of every length pass both ways, and their order stays', async (t) => {
  const s = await scene(t)
  const client = await connect(`${s.gate.url}/ws/`, { cookie: s.cookie })
  const { ws } = await s.accepted()
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }))
  const sent = [0, 1, 125, 126, 127, 65_535, 65_536, 300_000].flatMap((length) => [
    Buffer.alloc(length, 'ü'),
    Buffer.alloc(length, 'x').toString(),
  ])
  const got: (Buffer | string)[] = []
  client.ws.on('message', (data, isBinary) => got.push(isBinary ? (data as Buffer) : data.toString()))
  for (const message of sent) client.ws.send(message)
  await until(() => got.length === sent.length, 'all messages to come back')
  t.ok(
    sent.every((message, i) => Buffer.compare(Buffer.from(message), Buffer.from(got[i] ?? '-')) === 0),
    'they are the same',
  )
})

t.test('the bytes of frames are not changed: fragments, pings, a frame in pieces', async (t) => {
  const s = await scene(t)
  const client = await openRawSocket(s)
  const { ws, stream } = await s.accepted()
  const frames = [
    Buffer.from([0x01, 3, 97, 98, 99]),
    Buffer.from([0x89, 2, 1, 2]),
    Buffer.from([0x00, 0]),
    Buffer.from([0x80, 1, 100]),
    Buffer.concat([Buffer.from([0x82, 126, 0x01, 0x00]), Buffer.alloc(256, 7)]),
  ]
  for (const frame of frames) {
    stream.write(frame.subarray(0, 3))
    await new Promise((resolve) => setImmediate(resolve))
    stream.write(frame.subarray(3))
  }
  const wanted = Buffer.concat(frames)
  await until(() => client.bytes().length >= wanted.length, 'the frames')
  t.equal(Buffer.compare(client.bytes(), wanted), 0)
  const pinged = once(ws, 'ping')
  client.raw.write(Buffer.from([0x89, 0x81, 0, 0, 0, 0, 42]))
  t.same((await pinged)[0], Buffer.from([42]), 'a client’s ping reaches the upstream')
  client.raw.destroy()
})

t.test('close codes pass both ways, and a cut connection is one on the other side', async (t) => {
  const s = await scene(t)
  const open = async () => {
    const client = await connect(`${s.gate.url}/ws/`, { cookie: s.cookie })
    return { client, ...(await s.accepted()) }
  }
  const a = await open()
  a.ws.close(4321, 'because')
  t.same(await a.client.closed(), { code: 4321, reason: 'because' })
  const b = await open()
  const closedByClient = once(b.ws, 'close')
  b.client.ws.close(3333, 'bye')
  const [code, reason] = (await closedByClient) as [number, Buffer]
  t.same([code, reason.toString()], [3333, 'bye'])
  const c = await open()
  const cut = once(c.ws, 'close')
  c.client.terminate()
  t.same((await cut)[0], 1006)
  const d = await open()
  d.ws.terminate()
  const ended = await d.client.closed()
  t.equal(ended.code, 1012)
  t.match(ended.reason, /^retry=\d+$/)
  await untilSame(
    t,
    'each end is logged with its code',
    () => s.gate.logs.lines.filter(({ msg }) => msg === 'WSDISCONNECT').map(({ code }) => code),
    [4321, 3333, 1006, 1012],
  )
})

t.test('a subprotocol and an extension are the upstream’s choice', async (t) => {
  const s = await scene(t, { deflate: { threshold: 0 } })
  const client = new WebSocket(`ws://127.0.0.1:${s.gate.port}/ws/`, ['one', 'two'], {
    headers: { cookie: s.cookie, origin: s.gate.url },
    perMessageDeflate: { threshold: 0 },
  })
  t.teardown(() => client.terminate())
  await once(client, 'open')
  const { ws } = await s.accepted()
  t.equal(client.protocol, 'one')
  t.match(client.extensions, /permessage-deflate/)
  const text = 'the same again '.repeat(1000)
  const got = once(client, 'message')
  ws.send(text)
  t.equal(String((await got)[0]), text)
  const back = once(ws, 'message')
  client.send(text)
  t.equal(String((await back)[0]), text)
})

t.test('a client that does not read holds back its upstream, and costs the gate little', async (t) => {
  const s = await scene(t)
  const client = await connect(`${s.gate.url}/ws/`, { cookie: s.cookie })
  const other = await connect(`${s.gate.url}/ws/`, { cookie: s.cookie })
  const { ws, stream } = await s.accepted()
  const second = await s.accepted()
  client.pause()
  const before = process.memoryUsage().arrayBuffers
  const message = Buffer.alloc(64 * 1024, 'x')
  let sent = 0
  while (stream.writableLength < 4 << 20 && sent < 2000) {
    ws.send(message)
    sent++
    if (sent % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  t.ok(stream.writableLength >= 4 << 20, 'the upstream’s bytes wait with the upstream')
  second.ws.send('{"to":"other"}')
  await other.expect({ to: 'other' })
  const kept = process.memoryUsage().arrayBuffers - before - stream.writableLength
  t.ok(kept < 8 << 20, `the gate keeps little (${kept} bytes)`)
  let received = 0
  client.ws.on('message', () => received++)
  client.resume()
  await until(() => received === sent, 'all messages')
  t.pass('and nothing is lost')
})

t.test('an upstream that does not read holds back its client', async (t) => {
  const s = await scene(t)
  const client = await connect(`${s.gate.url}/ws/`, { cookie: s.cookie })
  const { ws } = await s.accepted()
  ws.pause()
  const message = Buffer.alloc(64 * 1024, 'x')
  let sent = 0
  while (client.ws.bufferedAmount < 4 << 20 && sent < 2000) {
    client.ws.send(message)
    sent++
    if (sent % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  t.ok(client.ws.bufferedAmount >= 4 << 20, 'the client’s bytes wait with the client')
  let received = 0
  ws.on('message', () => received++)
  ws.resume()
  await until(() => received === sent, 'all messages')
  t.pass('and nothing is lost')
})

t.test('WS_MAX_PAYLOAD bounds a client’s messages, in fragments too', async (t) => {
  const s = await scene(t, { env: { WS_MAX_PAYLOAD: '1000' } })
  const client = await connect(`${s.gate.url}/ws/`, { cookie: s.cookie })
  const { ws } = await s.accepted()
  let got = 0
  ws.on('message', () => got++)
  client.ws.send(Buffer.alloc(1000))
  await until(() => got === 1, 'a message at the limit')
  const upstreamClosed = once(ws, 'close')
  client.ws.send(Buffer.alloc(600), { fin: false })
  client.ws.send(Buffer.alloc(600), { fin: true })
  t.same(await client.closed(), { code: 1009, reason: 'too big' })
  await upstreamClosed
  t.equal(got, 1)
})

t.test('what a client sends with its handshake, and an upstream with its answer, arrives', async (t) => {
  const database = await siteDatabase(t)
  const server = createServer().on('upgrade', (request, socket) => {
    const accept =
      'HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Site: yes\r\nSec-WebSocket-Accept: '
    const key = String(request.headers['sec-websocket-key'])
    import('../../src/gate/upstream.js').then(({ acceptOf }) => {
      socket.write(
        Buffer.concat([Buffer.from(`${accept}${acceptOf(key)}\r\n\r\n`), Buffer.from([0x81, 2, 104, 105])]),
      )
      socket
        .on('error', () => {})
        .on('data', (chunk) => socket.write(closeFrame(1000, chunk.toString('hex').slice(0, 12))))
    })
  })
  const port = await listen(server)
  t.teardown(() => server.close())
  const routes = [{ path: '/ws/', guard: 'user', upstream: `ws://127.0.0.1:${port}/` }]
  const gate = await startGate(t, { database, file: { routes } })
  const s = { gate, cookie: cookieOf(await insertSession(database)), accepted: async () => Promise.reject() }
  const { raw, head } = await openRawSocket(s)
  t.match(head, /\r\nX-Site: yes\r\n/i, 'the upstream’s own headers')
  await raw.expect(/hi$/)
  raw.write(Buffer.from([0x81, 0x80, 0, 0, 0, 0]))
  await raw.expect(/818000000000$/)
  raw.destroy()
})
