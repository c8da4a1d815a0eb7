import { createECDH, randomBytes } from 'node:crypto'
import t from 'tap'
import { loadConfig } from '../../src/config/config.js'
import { checkAddress, findHost } from '../../src/push/push-endpoint.js'

const hostsOf = (PUSH_HOSTS?: string) =>
  loadConfig(PUSH_HOSTS === undefined ? {} : { PUSH_HOSTS }, { dataDirectory: t.testdir() }).push.hosts
const DEFAULT = hostsOf()

t.test('endpoints of the browsers’ push services are allowed', async (t) => {
  for (const endpoint of [
    'https://fcm.googleapis.com/fcm/send/abc:APA91b-_x',
    'https://FCM.googleapis.com:443/fcm/send/x',
    'https://updates.push.services.mozilla.com/wpush/v2/gAAA',
    'https://web.push.apple.com/QABC',
    'https://api.push.apple.com/3/device/1',
    'https://wns2-par02p.notify.windows.com/w/?token=BQY%2f',
  ])
    t.ok(findHost(endpoint, DEFAULT), endpoint)
})

t.test('no other address is', async (t) => {
  for (const endpoint of [
    'http://fcm.googleapis.com/fcm/send/x',
    'https://fcm.googleapis.com:8443/fcm/send/x',
    'https://fcm.googleapis.com./fcm/send/x',
    'https://fcm.googleapis.com@evil.example/x',
    'https://user@fcm.googleapis.com/x',
    'https://fcm.googleapis.com/x#y',
    'https://fcm.googleapis.com\\@evil.example/x',
    'https://evil.example/fcm.googleapis.com',
    'https://xfcm.googleapis.com/x',
    'https://evilpush.apple.com/x',
    'https://push.apple.com.evil.example/x',
    ' https://fcm.googleapis.com/x',
    'https://fcm.googleapis.com/\nx',
    'https:fcm.googleapis.com/x',
    'https://ｆcm.googleapis.com/x',
    'https://127.0.0.1/x',
    'https://2130706433/x',
    'https://0x7f.1/x',
    'https://[::1]/x',
    'https://[::ffff:127.0.0.1]/x',
    'https://169.254.169.254/latest/meta-data',
    'https://localhost/x',
    'ftp://fcm.googleapis.com/x',
    'file:///etc/passwd',
    'javascript:alert(1)',
    '',
    `https://fcm.googleapis.com/${'x'.repeat(1024)}`,
  ])
    t.equal(findHost(endpoint, DEFAULT), null, endpoint)
})

t.test('a stand-in on this machine is allowed by its own port and scheme only', async (t) => {
  const hosts = hostsOf('localhost:4443, http://127.0.0.1:8080')
  t.match(findHost('https://localhost:4443/x', hosts), { at: { isLoopback: true } })
  t.match(findHost('http://127.0.0.1:8080/x', hosts), { at: { isLoopback: true } })
  for (const endpoint of [
    'https://localhost/x',
    'http://localhost:4443/x',
    'https://localhost:4444/x',
    'https://127.0.0.1:4443/x',
    'https://127.0.0.1:8080/x',
    'https://fcm.googleapis.com/x',
  ])
    t.equal(findHost(endpoint, hosts), null, endpoint)
})

t.test('keys are a point of P-256 and 16 bytes', async (t) => {
  const ecdh = createECDH('prime256v1')
  const good = ecdh.generateKeys()
  const auth = randomBytes(16).toString('base64url')
  const endpoint = 'https://fcm.googleapis.com/x'
  const check = (p256dh: string, secret = auth) =>
    checkAddress({ endpoint, keys: { p256dh, auth: secret } }, DEFAULT)
  t.same(check(`${good.toString('base64url')}=`).keys, { p256dh: good.toString('base64url'), auth })
  const off = Buffer.from(good)
  off[64] = (off[64] ?? 0) ^ 1
  for (const [name, bytes] of Object.entries({
    'a point beside the curve': off,
    'a compressed point': ecdh.getPublicKey(null, 'compressed'),
    'a point of another length': good.subarray(0, 64),
    'the point at infinity': Buffer.from([0]),
    zeros: Buffer.concat([Buffer.from([4]), Buffer.alloc(64)]),
    nothing: Buffer.alloc(0),
  }))
    t.throws(() => check(bytes.toString('base64url')), { code: 'validation_failed' }, name)
  for (const length of [0, 15, 17])
    t.throws(() => check(good.toString('base64url'), randomBytes(length).toString('base64url')), {
      code: 'validation_failed',
    })
})
