import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/config.js'
import { isPublicAddress, type Resolve } from '../../src/push/public-address.js'
import { type PushMessage, PushSender, type PushSenderOptions } from '../../src/push/push-sender.js'
import { within } from '../helpers/deadline.js'
import { portOf } from '../helpers/listen.js'
import { type PushService, startPushService } from '../helpers/push-service.js'

const MESSAGE: PushMessage = { payload: '{"kind":"answer"}', ttl: 60, urgency: 'high', topic: 'chat-1' }

function senderFor(t: Test, PUSH_HOSTS: string, more: Partial<PushSenderOptions> = {}): PushSender {
  const { keys, hosts } = loadConfig({ PUSH_HOSTS }, { dataDirectory: t.testdir() }).push
  if (!keys) throw new Error('no keys')
  const sender = new PushSender({ keys, hosts, ...more })
  t.teardown(() => sender.close())
  return sender
}

t.test('addresses: only those of the public internet', async (t) => {
  for (const address of ['8.8.8.8', '142.250.74.10', '2a00:1450:4001:82b::200a', '2606:4700::1'])
    t.equal(isPublicAddress(address), true, address)
  for (const address of [
    ...['0.0.0.0', '10.0.0.1', '100.64.0.1', '127.0.0.1', '127.8.8.8', '169.254.169.254', '172.16.0.1'],
    ...[
      '172.31.255.255',
      '192.0.0.1',
      '192.0.2.1',
      '192.88.99.1',
      '192.168.1.1',
      '198.18.0.1',
      '198.51.100.1',
    ],
    ...['203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '::', '::1', '::ffff:8.8.8.8'],
    ...['::ffff:127.0.0.1', '::ffff:0:127.0.0.1', '::127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::a00:1'],
    ...['100::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '2002:0808:0808::1', 'fc00::1', 'fd12::1'],
    ...['fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '', 'localhost', '1', '0177.0.0.1'],
  ])
    t.equal(isPublicAddress(address), false, address)
})

const resolvesTo =
  (...answers: LookupAddress[][]): Resolve =>
  (_name, callback) =>
    callback(null, answers.length > 1 ? (answers.shift() ?? []) : (answers[0] ?? []))
const at = (address: string): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })

t.test('a push service whose name leads here is not connected to', async (t) => {
  const trap = createServer()
  let connections = 0
  trap.on('connection', (socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
  t.teardown(() => trap.close())
  const port = portOf(trap)
  const endpoint = `https://push.example.com:${port}/x`
  const { browser } = await startPushService(t)
  const { keys } = browser('one')
  for (const addresses of [
    [at('127.0.0.1')],
    [at('::1')],
    [at('::ffff:127.0.0.1')],
    [at('10.0.0.1')],
    // whatever the first is
    [at('8.8.8.8'), at('127.0.0.1')],
    [],
  ]) {
    const sender = senderFor(t, `push.example.com:${port}`, { resolve: resolvesTo(addresses) })
    t.match(await sender.send({ endpoint, keys }, MESSAGE), { kind: 'again', reason: /not allowed/ })
  }
  t.equal(connections, 0)
})

t.test('the name is resolved once for a connection, by the connection', async (t) => {
  let lookups = 0
  const resolve: Resolve = (_name, callback) => {
    lookups += 1
    // rebinding: public when it is checked, private when it is used
    callback(null, [at(lookups === 1 ? '10.0.0.1' : '8.8.8.8')])
  }
  const { browser } = await startPushService(t)
  const sender = senderFor(t, 'push.example.com', { resolve })
  const endpoint = 'https://push.example.com/x'
  t.match(await sender.send({ endpoint, keys: browser('one').keys }, MESSAGE), { kind: 'again' })
  t.equal(lookups, 1)
})

t.test('a stand-in named localhost that leads elsewhere is not connected to', async (t) => {
  const service = await startPushService(t)
  const sender = senderFor(t, service.host, { resolve: resolvesTo([at('10.0.0.1')]) })
  t.match(await sender.send(service.browser('one'), MESSAGE), { kind: 'again', reason: /not allowed/ })
})

async function answered(t: Test, how: Parameters<PushService['answer']>[1]) {
  const service = await startPushService(t)
  service.answer('one', how)
  const outcome = await senderFor(t, service.host).send(service.browser('one'), MESSAGE)
  return { outcome, service }
}

t.test('over TLS, encrypted for the browser, with its headers', async (t) => {
  const service = await startPushService(t, { tls: true })
  const sender = senderFor(t, service.host, { ca: service.ca ?? '' })
  t.same(await sender.send(service.browser('one'), MESSAGE), { kind: 'sent' })
  const { payload, headers } = await service.received.expect({ to: 'one' })
  t.same(payload, { kind: 'answer' })
  t.match(headers, { ttl: '60', urgency: 'high', topic: 'chat-1', 'content-encoding': 'aes128gcm' })
  t.notOk(headers.cookie)
  const stranger = senderFor(t, service.host)
  t.match(await stranger.send(service.browser('two'), MESSAGE), { kind: 'again', reason: /CERT/ })
})

t.test('what the answers mean', async (t) => {
  for (const [status, outcome] of [
    [200, { kind: 'sent' }],
    [404, { kind: 'gone' }],
    [410, { kind: 'gone' }],
    [400, { kind: 'refused', reason: 'status 400' }],
    [403, { kind: 'refused', reason: 'status 403' }],
    [413, { kind: 'refused', reason: 'status 413' }],
    [500, { kind: 'again', reason: 'status 500', retryAfterMs: null }],
  ] as const)
    t.same((await answered(t, (response) => response.writeHead(status).end())).outcome, outcome, `${status}`)
  const busy = await answered(t, (response) => response.writeHead(429, { 'retry-after': '7' }).end())
  t.same(busy.outcome, { kind: 'again', reason: 'status 429', retryAfterMs: 7000 })
})

t.test('redirects are not followed', async (t) => {
  const other = await startPushService(t)
  for (const status of [301, 302, 307, 308]) {
    const { outcome } = await answered(t, (response) =>
      response.writeHead(status, { location: other.browser('other').endpoint }).end(),
    )
    t.same(outcome, { kind: 'refused', reason: `status ${status}` })
  }
  t.equal(other.requests, 0)
})

t.test('an answer without end is cut', async (t) => {
  let closed: () => void = () => {}
  const cut = new Promise<void>((resolve) => {
    closed = resolve
  })
  const { outcome } = await answered(t, (response) => {
    response.writeHead(201)
    const pour = () => {
      while (response.writable && response.write(Buffer.alloc(65_536)));
    }
    response.on('drain', pour)
    response.on('close', closed)
    pour()
  })
  t.same(outcome, { kind: 'sent' })
  await within(cut, 10_000, 'the end of the connection')
})

t.test('a service that does not answer has five seconds', async (t) => {
  const { outcome } = await answered(t, () => {})
  t.match(outcome, { kind: 'again', reason: /TimeoutError|AbortError|ABORT_ERR|23/ })
})

t.test('a host that is no longer allowed gets nothing', async (t) => {
  const service = await startPushService(t)
  const sender = senderFor(t, 'push.example.com')
  t.same(await sender.send(service.browser('one'), MESSAGE), { kind: 'gone' })
  t.equal(service.requests, 0)
})
