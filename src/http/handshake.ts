import type { IncomingMessage } from 'node:http'
import { countHeader } from './request-target.js'

const KEY = /^[+/0-9A-Za-z]{22}==$/
const TOKENS = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*,[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+)*$/

/**
 * Validates a WebSocket handshake (RFC 6455, 4.2.1): returns the error, or null. Stricter than `ws`: version 13 only,
 * HTTP/1.1 only, an origin-form target, no body in any form, each header once.
 */
export function handshakeError(request: IncomingMessage, maxHeaders: number): string | null {
  const { headers, rawHeaders } = request
  if (request.httpVersion !== '1.1') return 'A handshake must be HTTP/1.1.'
  if (request.method !== 'GET') return 'A handshake must be a GET.'
  if (!request.url?.startsWith('/')) return 'The request target must be a path.'
  // Node silently drops headers beyond its limit, so such a request can't be judged
  if (rawHeaders.length / 2 >= maxHeaders) return 'There are too many headers.'
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') {
    return 'A handshake must not have a body.'
  }
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'Upgrade must be "websocket".'
  if (headers['sec-websocket-version'] !== '13') return 'Sec-WebSocket-Version must be 13.'
  if (!KEY.test(headers['sec-websocket-key'] ?? '')) return 'Sec-WebSocket-Key must be 16 bytes in Base64.'
  if (countHeader(rawHeaders, 'sec-websocket-key') > 1) return 'Sec-WebSocket-Key must occur once.'
  const protocols = headers['sec-websocket-protocol']
  if (protocols !== undefined && !isProtocolList(protocols))
    return 'Sec-WebSocket-Protocol must be a list of distinct tokens.'
  return null
}

function isProtocolList(text: string): boolean {
  if (!TOKENS.test(text)) return false
  const names = text.split(',').map((name) => name.trim())
  return new Set(names).size === names.length
}

/** Does this `Upgrade` header offer a WebSocket, alone or among other protocols (RFC 9110, 7.8)? */
export function namesWebSocket(upgrade: string | undefined): boolean {
  return /(?:^|,)[ \t]*websocket[ \t]*(?:[/,]|$)/i.test(upgrade ?? '')
}

/**
 * Rewrites the head of a request for an upgrade to another protocol (`h2c`: curl --http2, Java's HttpClient) so that
 * the upgrade is ignored (RFC 9110, 7.8), as the last request of its connection. The result is to be encoded as
 * Latin-1, as Node decodes heads.
 */
export function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== 'connection') lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  }
  return `${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`
}
