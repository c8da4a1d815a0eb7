import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { isIP } from 'node:net'
import { isLoopbackAddress, isPublicAddress, lookupOnly, type Resolve } from './public-address.js'
import { type AllowedHost, findHost, type PushAddress } from './push-endpoint.js'

/** What is sent, and how a push service keeps it until the browser is there. */
export interface PushMessage {
  payload: string
  /** seconds for which it is of use */
  ttl: number
  urgency: 'normal' | 'high'
  /** a later message of the same topic replaces one that was not delivered yet; at most 32 characters of base64url */
  topic: string
}

/** `gone`: the browser has unsubscribed. `again`: may be tried again, after `retryAfterMs` if the service said so. */
export type PushOutcome =
  | { kind: 'sent' }
  | { kind: 'gone' }
  | { kind: 'again'; reason: string; retryAfterMs: number | null }
  | { kind: 'refused'; reason: string }

export interface PushSenderOptions {
  keys: { readonly publicKey: string; readonly privateKey: string; readonly subject: string }
  hosts: readonly AllowedHost[]
  /** the system's unless given */
  resolve?: Resolve
  /** certificates that are trusted; the system's unless given */
  ca?: string
}

/** ms for one message, from the look-up to the end of the answer */
const DEADLINE_MS = 5000
/** bytes of an answer that are read: it says nothing of use, but a connection whose answer was read can be used again */
const MAX_ANSWER = 4096
const MAX_SOCKETS = 16

/** Sends messages to push services, encrypted for the browser (RFC 8291) and signed (RFC 8292). */
export class PushSender {
  private readonly secure: HttpsAgent
  private readonly plain: HttpAgent
  private readonly stop = new AbortController()

  constructor(private readonly options: PushSenderOptions) {
    const { ca } = options
    const pool = { keepAlive: true, maxSockets: MAX_SOCKETS, timeout: DEADLINE_MS }
    this.secure = new HttpsAgent({ ...pool, ...(ca === undefined ? {} : { ca }) })
    this.plain = new HttpAgent(pool)
  }

  /** A failure of the push service is never thrown. No reason names the endpoint. */
  async send(address: PushAddress, message: PushMessage): Promise<PushOutcome> {
    const found = findHost(address.endpoint, this.options.hosts)
    // PUSH_HOSTS may have changed since
    if (!found) return { kind: 'gone' }
    const { keys } = this.options
    // costs 30 ms at a start
    const { default: webPush } = await import('web-push')
    const { headers, body } = webPush.generateRequestDetails(address, message.payload, {
      vapidDetails: keys,
      TTL: message.ttl,
      urgency: message.urgency,
      topic: message.topic,
    })
    try {
      return readOutcome(await this.post(found.url, found.at, headers, body))
    } catch (error) {
      const { code, name, message: text } = error as NodeJS.ErrnoException
      return { kind: 'again', reason: code ?? (name === 'Error' ? text : name), retryAfterMs: null }
    }
  }

  private post(
    url: URL,
    { secure, isLoopback }: AllowedHost,
    headers: Record<string, unknown>,
    body: Buffer | null,
  ): Promise<IncomingMessage> {
    const isAllowed = isLoopback ? isLoopbackAddress : isPublicAddress
    // a literal address is not looked up
    const literal = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(literal) !== 0 && !isAllowed(literal)) return Promise.reject(new Error('not a public address'))
    return new Promise((resolve, reject) => {
      const request = (secure ? requestHttps : requestHttp)(url, {
        method: 'POST',
        headers: headers as Record<string, string>,
        agent: secure ? this.secure : this.plain,
        lookup: lookupOnly(isAllowed, this.options.resolve),
        signal: AbortSignal.any([this.stop.signal, AbortSignal.timeout(DEADLINE_MS)]),
        maxHeaderSize: 8192,
      })
      // after the end of the answer as well
      request.on('error', reject)
      request.on('response', (response) => {
        let read = 0
        response.on('data', (chunk: Buffer) => {
          read += chunk.length
          if (read > MAX_ANSWER) response.destroy()
        })
        response.on('error', () => {})
        response.on('close', () => resolve(response))
      })
      request.end(body)
    })
  }

  close(): void {
    this.stop.abort()
    this.secure.destroy()
    this.plain.destroy()
  }
}

/** A redirect is refused as any other answer that is none of a push service's: following it would lead anywhere. */
function readOutcome({ statusCode: status = 0, headers }: IncomingMessage): PushOutcome {
  if (status >= 200 && status < 300) return { kind: 'sent' }
  if (status === 404 || status === 410) return { kind: 'gone' }
  const reason = `status ${status}`
  if (status !== 429 && status < 500) return { kind: 'refused', reason }
  const seconds = Number(headers['retry-after'])
  return { kind: 'again', reason, retryAfterMs: seconds > 0 ? seconds * 1000 : null }
}
