import { createHash, randomBytes } from 'node:crypto'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect, isIP, type Socket } from 'node:net'
import { withDeadline } from '../concurrency/deadline.js'
import type { UpstreamTemplate } from './upstream-template.js'

/** ms for the upstream's answer to a handshake */
const HANDSHAKE_MS = 5000
const PROBE_MS = 1000
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** The value of Sec-WebSocket-Accept (RFC 6455, 4.2.2). */
export const acceptOf = (key: string): string =>
  createHash('sha1')
    .update(key + GUID)
    .digest('base64')

/** An upstream's 101. */
export interface UpstreamSocket {
  socket: Socket
  /** bytes that came with the 101 */
  head: Buffer
  /** of its answer, name and value in turn */
  headers: readonly string[]
}

/** The upstream was reached and did not accept the handshake. */
export class UpstreamRefusedError extends Error {
  constructor(readonly status: number) {
    super(`the upstream answered ${status}`)
    this.name = 'UpstreamRefusedError'
  }
}

/** The client's headers that are not passed on: of one connection only, or ones that say who the client is. */
const OWN =
  /^(?:connection|upgrade|keep-alive|proxy-.*|te|trailer|transfer-encoding|content-length|expect|sec-websocket-key)$/
const CLAIMS = /^(?:forwarded|x-forwarded-.*|x-remote-user)$/

export interface Forwarded {
  /** the browser's address */
  address: string
  /** the user's primary key as text */
  userId: string
}

/** The headers of a client's handshake as the upstream gets them, name and value in turn. */
export function upstreamHeaders(rawHeaders: readonly string[], { address, userId }: Forwarded): string[] {
  const headers: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = [rawHeaders[i], rawHeaders[i + 1]]
    // WSGI and CGI read X_Remote_User as X-Remote-User
    const plain = name.toLowerCase().replaceAll('_', '-')
    if (!OWN.test(plain) && !CLAIMS.test(plain)) headers.push(name, value)
  }
  const id = /^[\x21-\x7e]+$/.test(userId) ? userId : encodeURIComponent(userId)
  return [...headers, 'X-Forwarded-For', address, 'X-Remote-User', id]
}

/**
 * Opens a WebSocket to the upstream with these headers. Rejects with an UpstreamRefusedError for an answer other than a
 * 101, and with another error when the upstream is not there, or `signal` gives it up.
 */
export function openUpstream(
  { protocol, host, port }: UpstreamTemplate,
  target: string,
  { headers, signal }: { headers: readonly string[]; signal: AbortSignal },
): Promise<UpstreamSocket> {
  const key = randomBytes(16).toString('base64')
  const send = protocol === 'wss:' ? requestHttps : requestHttp
  const own = ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Key', key]
  const request = send({
    host,
    port,
    path: target,
    // the default one would keep a connection that was not upgraded
    agent: false,
    headers: [...headers, ...own] as unknown as Record<string, string>,
    setHost: false,
    // no name for an address (RFC 6066, 3); left out, Node would take the client's Host
    ...(protocol === 'wss:' ? { servername: isIP(host) ? '' : host } : {}),
  })
  const answer = new Promise<UpstreamSocket>((resolve, reject) => {
    request.on('error', reject)
    // not Node's option, which would stay with the connection
    signal.addEventListener('abort', () => reject(new Error('the client has gone')), { once: true })
    request.on('response', (response) => {
      response.destroy()
      reject(new UpstreamRefusedError(response.statusCode ?? 0))
    })
    request.on('upgrade', (response, socket: Socket, head) => {
      // Node has detached its listeners: a reset before the pipe begins would end the process
      socket.on('error', () => socket.destroy())
      const problem = problemOf(response, key)
      if (problem === null) return resolve({ socket, head, headers: response.rawHeaders })
      socket.destroy()
      reject(new Error(problem))
    })
  })
  request.end()
  return withDeadline(answer, HANDSHAKE_MS, () => new Error('the upstream did not answer in time')).catch(
    (error: unknown) => {
      request.destroy()
      // it may answer yet
      answer.then(({ socket }) => socket.destroy()).catch(() => {})
      throw error
    },
  )
}

function problemOf({ headers }: IncomingMessage, key: string): string | null {
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'the upstream upgraded to another protocol'
  return headers['sec-websocket-accept'] === acceptOf(key)
    ? null
    : 'the upstream’s Sec-WebSocket-Accept is wrong'
}

/** Does something listen there? For the readiness probe. */
export function isListening({ host, port }: Pick<UpstreamTemplate, 'host' | 'port'>): Promise<boolean> {
  const socket = connect({ host, port })
  const connected = new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  })
  return withDeadline(connected, PROBE_MS, () => new Error('no answer'))
    .catch(() => false)
    .finally(() => socket.destroy())
}
