import { existsSync, readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { testDatabase } from '../helpers/database.js'
import { headOf, readAnswer, shakeHands } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import { openRaw, type RawConnection } from '../helpers/raw-connection.js'
import { startService, type TestService } from '../helpers/service.js'
import { spawnService } from '../helpers/service-process.js'
import { signIn } from '../helpers/sign-in.js'
import { connect } from '../helpers/socket-client.js'
import { until, untilSame } from '../helpers/until.js'
import { closeCode, frame, OPCODE } from './frames.js'

const PATH = '/ws/all-seat-datasocket/'
const V1 = ['Sec-WebSocket-Protocol: houselights.v1']

async function open(service: TestService, cookie: string, extra: string[] = V1): Promise<RawConnection> {
  const connection = await openRaw(service.port)
  connection.write(headOf(service.port, { path: PATH, cookie, extra }))
  const { status } = await readAnswer(connection)
  if (status !== 101) throw new Error(`refused: ${status}`)
  return connection
}

t.test('a handshake negotiates no compression and only the known subprotocol', async (t) => {
  const service = await startService(t, { demo: true })
  const { cookie } = await signIn(service.url, 'staff')
  const shake = (...extra: string[]) => shakeHands(service.port, { path: PATH, cookie, extra })
  const deflate = await shake('Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x')
  t.equal(deflate.status, 101)
  t.notOk(deflate.headers.has('sec-websocket-extensions'))
  const picked = async (offered: string) =>
    (await shake(`Sec-WebSocket-Protocol: ${offered}`)).headers.get('sec-websocket-protocol')
  t.equal(await picked('houselights.v1'), 'houselights.v1')
  t.equal(await picked('evil, houselights.v1, x'), 'houselights.v1')
  t.equal(await picked('evil, houselights.v2'), undefined, 'an unknown subprotocol is not echoed')
  t.equal(await picked('HOUSELIGHTS.V1'), undefined)
})

t.test('violations of RFC 6455 close only their own socket, with the right code', async (t) => {
  const service = await startService(t, { demo: true })
  const { cookie } = await signIn(service.url, 'staff')
  const other = await connect(`${service.url}${PATH}`, { cookie, protocol: 'houselights.v1' })
  const ends: [name: string, bytes: Buffer, code: number][] = [
    ['no mask', Buffer.from([0x81, 0x02, 0x7b, 0x7d]), 1002],
    ['a reserved bit', frame(OPCODE.text, '{}', { rsv: 0x40 }), 1002],
    ['a reserved opcode', frame(3, 'x'), 1002],
    ['a reserved control opcode', frame(11, ''), 1002],
    ['a fragmented control frame', frame(OPCODE.ping, '', { fin: false }), 1002],
    ['a long ping', frame(OPCODE.ping, 'x'.repeat(126)), 1002],
    ['a continuation without a start', frame(OPCODE.continuation, 'x'), 1002],
    ['a bad close code', frame(OPCODE.close, Buffer.from([0x03, 0xed])), 1002],
    ['a close code of one byte', frame(OPCODE.close, 'x'), 1002],
    ['bad UTF-8', frame(OPCODE.text, Buffer.from([0xc3, 0x28])), 1007],
    ['a message above the limit', frame(OPCODE.text, 'x'.repeat(16_385)), 1009],
    [
      '2^63 bytes announced',
      Buffer.from([0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]),
      1009,
    ],
    ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 1002],
  ]
  for (const [name, bytes, code] of ends) {
    const connection = await open(service, cookie)
    connection.write(bytes)
    await connection.closed()
    t.equal(closeCode(connection), code, name)
    const connected = service.logs.lines.filter(({ msg }) => msg === 'WSCONNECT').at(-1)
    const id = String(connected?.connection)
    t.match(await service.logs.expect({ msg: 'WSDISCONNECT', connection: id }), { code }, `${name}, logged`)
    connection.destroy()
  }
  const fragments = await open(service, cookie)
  fragments.write(frame(OPCODE.text, '{"type":', { fin: false }))
  for (let i = 0; i < 100; i++) fragments.write(frame(OPCODE.continuation, ' ', { fin: false }))
  await fragments.closed()
  t.match(closeCode(fragments), 1008, 'a message in a hundred fragments')
  const exact = await open(service, cookie)
  exact.write(frame(OPCODE.text, `{"type":"ping"}${' '.repeat(16_384 - 15)}`))
  await exact.expect(/"type":"pong"/)
  exact.destroy()
  await other.roundTrip()
})

t.test('destroys the connection 5 s after the close frames if the client keeps it open', async (t) => {
  const service = await startService(t, { demo: true })
  const { cookie } = await signIn(service.url, 'staff')
  const stubborn = createConnection({ port: service.port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => stubborn.destroy())
  stubborn.on('error', () => {}).resume()
  stubborn.write(headOf(service.port, { path: PATH, cookie, extra: V1 }))
  await service.logs.expect({ msg: 'WSCONNECT' })
  stubborn.write(frame(OPCODE.close, Buffer.from([0x03, 0xe8])))
  t.match(await service.logs.expect({ msg: 'WSDISCONNECT' }), { code: 1000 })
  await untilSame(t, 'its connection is no longer counted', () => service.app.hub.connections.size, 0)
})

t.test('closes with 1008 after five invalid messages', async (t) => {
  const service = await startService(t, { demo: true })
  const { cookie } = await signIn(service.url, 'staff')
  const hostile = [
    'no json',
    '{"type":"__proto__"}',
    '{"__proto__":{"type":"ping"}}',
    '{"type":"subscribe","cursors":[]}',
    '[]',
    'null',
  ]
  const socket = await connect(`${service.url}${PATH}`, { cookie, protocol: 'houselights.v1' })
  for (const message of hostile) socket.send(message)
  t.equal((await socket.closed()).code, 1008)
  t.equal(socket.history.filter(({ type }) => type === 'error').length, 5)
  const keys = await connect(`${service.url}${PATH}`, { cookie, protocol: 'houselights.v1' })
  keys.send('{"type":"subscribe","cursors":{"__proto__":1,"constructor":2,"theatre:2:orders":1,"\\u0000":1}}')
  t.match(await keys.expect({ type: 'snapshot' }), { group: 'theatre:1:orders' })
  await keys.refute({ group: 'theatre:2:orders' })
  t.equal(Reflect.get({}, 'type'), undefined)
})

t.test(
  'bounds the unsent bytes of a flooding client that does not read, without delaying others',
  async (t) => {
    const service = await startService(t, { demo: true })
    const { cookie } = await signIn(service.url, 'staff')
    const { hub } = service.app
    const pings = Buffer.concat(Array.from({ length: 500 }, () => frame(OPCODE.ping, 'x'.repeat(125))))
    const messages = Buffer.concat(Array.from({ length: 3000 }, () => frame(OPCODE.text, '{"type":"ping"}')))
    for (const [name, bytes, times] of [
      ['pings', pings, 500],
      ['messages', messages, 40],
    ] as const) {
      const before = new Set(hub.connections)
      const flood = await open(service, cookie)
      const connection = [...hub.connections].find((one) => !before.has(one))
      if (!connection) throw new Error('the connection is missing')
      flood.socket.pause()
      let most = 0
      for (let i = 0; i < times; i++) {
        // no more than the kernel accepts: the test is about the service's memory, not the client's
        if (!flood.socket.write(bytes)) {
          await Promise.race([new Promise((resolve) => flood.socket.once('drain', resolve)), wait(50)])
        }
        most = Math.max(most, connection.pendingBytes)
        if (i % 50 === 0) {
          const other = await connect(`${service.url}${PATH}`, { cookie, protocol: 'houselights.v1' })
          await other.roundTrip()
          await other.close()
        }
      }
      t.comment(`${name}: at most ${most} bytes pending`)
      t.ok(most < 300 * 1024, `${name}: ${most} bytes`)
      flood.destroy()
    }
    await untilSame(t, 'all connections are closed', () => hub.connections.size, 0)
  },
)

t.test('answers the latest ping after a flood of pings', async (t) => {
  const service = await startService(t, { demo: true })
  const { cookie } = await signIn(service.url, 'staff')
  const connection = await open(service, cookie)
  for (let i = 0; i < 2000; i++) connection.write(frame(OPCODE.ping, `ping ${i}`))
  await connection.expect(/ping 1999/)
  connection.write(frame(OPCODE.ping, ''))
  connection.write(frame(OPCODE.ping, 'the very last'))
  await connection.expect(/the very last/)
  connection.destroy()
})

/** connections that the kernel lets wait for a process; null where it does not say */
const SOMAXCONN = '/proc/sys/net/core/somaxconn'
const mostWaiting = existsSync(SOMAXCONN) ? Number(readFileSync(SOMAXCONN, 'utf8')) : null
const CROWD = 1500

t.test(
  'a crowd that connects while the node is busy is not dropped',
  { skip: mostWaiting === null || mostWaiting < CROWD ? 'the kernel lets fewer wait' : false },
  async (t) => {
    const { url: DATABASE_URL } = await testDatabase(t)
    const { child, listening } = spawnService(t, { env: { DATABASE_URL, LOG_LEVEL: 'info' } })
    const { url, port } = await listening()
    child.kill('SIGSTOP')
    let connected = 0
    const sockets = Array.from({ length: CROWD }, () =>
      createConnection(port, '127.0.0.1', () => void connected++).on('error', () => {}),
    )
    t.teardown(() => sockets.forEach((socket) => void socket.destroy()))
    // the kernel tries those that it dropped again, and drops them again
    await until(() => connected === CROWD, `${CROWD} connections`)
    child.kill('SIGCONT')
    t.equal((await createClient(url).get('/healthz')).status, 200)
  },
)
