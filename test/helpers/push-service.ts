import { execFileSync } from 'node:child_process'
import { createDecipheriv, createECDH, hkdfSync, randomBytes, verify } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { portOf } from './listen.js'
import { Mailbox } from './mailbox.js'
import type { Teardown } from './teardown.js'

/** A message as a push service gets it, and as the browser that it is for reads it. */
export interface Pushed {
  /** the name of the browser */
  to: string
  headers: IncomingHttpHeaders
  payload: Record<string, unknown>
}

/** A browser's subscription at the stand-in, as `PushSubscription.toJSON()` gives it. */
export interface TestSubscription {
  endpoint: string
  keys: { p256dh: string; auth: string }
}

export interface PushService {
  /** an entry of PUSH_HOSTS that allows it */
  host: string
  port: number
  /** its certificate; null: plain HTTP */
  ca: string | null
  received: Mailbox<Pushed>
  /** requests of any kind */
  requests: number
  /** A new browser, whose messages `received` names so. */
  browser(name: string): TestSubscription
  /** Answers the next requests for a browser; null: the usual 201. */
  answer(name: string, how: ((response: ServerResponse) => void) | null): void
}

interface Receiver {
  name: string
  ecdh: ReturnType<typeof createECDH>
  auth: Buffer
}

/** A push service on loopback that decrypts what it gets (RFC 8291) and checks who has signed it (RFC 8292). */
export async function startPushService(
  t: Teardown,
  { tls = false }: { tls?: boolean } = {},
): Promise<PushService> {
  const receivers = new Map<string, Receiver>()
  const answers = new Map<string, (response: ServerResponse) => void>()
  const received = new Mailbox<Pushed>('the push service')

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    service.requests += 1
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const receiver = receivers.get(request.url ?? '')
    if (!receiver) return void response.writeHead(404).end()
    checkSignature(request.headers)
    const payload = JSON.parse(decrypt(body, receiver)) as Record<string, unknown>
    received.push({ to: receiver.name, headers: request.headers, payload })
    const answer = answers.get(receiver.name)
    if (answer) answer(response)
    else response.writeHead(201).end()
  }

  const certificate = tls ? makeCertificate(t) : null
  const listener = (request: IncomingMessage, response: ServerResponse) =>
    void handle(request, response).catch(() => response.writeHead(400).end())
  const server = certificate ? createSecureServer(certificate, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const port = portOf(server)
  const scheme = tls ? 'https' : 'http'
  const service: PushService = {
    host: `${scheme}://localhost:${port}`,
    port,
    ca: certificate?.cert ?? null,
    received,
    requests: 0,
    browser(name) {
      const ecdh = createECDH('prime256v1')
      ecdh.generateKeys()
      const auth = randomBytes(16)
      const path = `/push/${randomBytes(16).toString('base64url')}`
      receivers.set(path, { name, ecdh, auth })
      const keys = { p256dh: ecdh.getPublicKey('base64url'), auth: auth.toString('base64url') }
      return { endpoint: `${scheme}://localhost:${port}${path}`, keys }
    },
    answer(name, how) {
      if (how) answers.set(name, how)
      else answers.delete(name)
    },
  }
  return service
}

/** RFC 8188 with the keys of RFC 8291: one record. */
function decrypt(body: Buffer, { ecdh, auth }: Receiver): string {
  const salt = body.subarray(0, 16)
  const keyLength = body.readUInt8(20)
  const sender = body.subarray(21, 21 + keyLength)
  const sealed = body.subarray(21 + keyLength)
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), ecdh.getPublicKey(), sender])
  const input = Buffer.from(hkdfSync('sha256', ecdh.computeSecret(sender), auth, info, 32))
  const derive = (label: string, length: number) =>
    Buffer.from(hkdfSync('sha256', input, salt, `Content-Encoding: ${label}\0`, length))
  const cipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12))
  cipher.setAuthTag(sealed.subarray(-16))
  const padded = Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()])
  const end = padded.lastIndexOf(2)
  return padded.subarray(0, end).toString('utf8')
}

/** The `vapid` scheme: a JWT for this host, signed with the key that stands beside it. */
function checkSignature({ authorization = '', host }: IncomingHttpHeaders): void {
  const [, token = '', key = ''] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(authorization) ?? []
  const [head = '', claims = '', signature = ''] = token.split('.')
  const point = Buffer.from(key, 'base64url')
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  }
  const isSigned = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    { key: jwk, format: 'jwk', dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  const { aud } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { aud: string }
  if (!isSigned || new URL(aud).host !== host) throw new Error('not signed')
}

/** A certificate for localhost that signs itself. */
function makeCertificate(t: Teardown): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'houselights-certificate-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert],
  ])
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}
