import type { IncomingMessage } from 'node:http'
import { countHeader } from './request-target.js'

const KEY = /^[+/0-9A-Za-z]{22}==$/
const TOKENS = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*,[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+)*$/

/**
 * What is wrong with a WebSocket handshake (RFC 6455 section 4.2.1), or null. Stricter than `ws`: version 13 only,
 * HTTP/1.1 only, an origin-form target, no body in any form, each header once.
 */
export function handshakeFault(request: IncomingMessage, maxHeaders: number): string | null {
  const { headers, rawHeaders } = request
  if (request.httpVersion !== '1.1') return 'The handshake is HTTP/1.1.'
  if (request.method !== 'GET') return 'The handshake is a GET.'
  if (!request.url?.startsWith('/')) return 'The target is a path.'
  // Node drops what is beyond its limit without a word: nothing can be said about such a request
  if (rawHeaders.length / 2 >= maxHeaders) return 'There are too many headers.'
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') {
    return 'A handshake has no body.'
  }
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'Upgrade names "websocket".'
  if (headers['sec-websocket-version'] !== '13') return 'Sec-WebSocket-Version is 13.'
  if (!KEY.test(headers['sec-websocket-key'] ?? '')) return 'Sec-WebSocket-Key is 16 bytes in Base64.'
  if (countHeader(rawHeaders, 'sec-websocket-key') > 1) return 'Sec-WebSocket-Key comes once.'
  const protocols = headers['sec-websocket-protocol']
  if (protocols !== undefined && !isProtocolList(protocols))
    return 'Sec-WebSocket-Protocol is a list of tokens.'
  return null
}

function isProtocolList(text: string): boolean {
  if (!TOKENS.test(text)) return false
  const names = text.split(',').map((name) => name.trim())
  return new Set(names).size === names.length
}

/** Whether a header `Upgrade` offers a WebSocket, beside other protocols or alone (RFC 9110, 7.8). */
export function namesWebSocket(upgrade: string | undefined): boolean {
  return /(?:^|,)[ \t]*websocket[ \t]*(?:[/,]|$)/i.test(upgrade ?? '')
}

/**
 * The head of a request that asked for an upgrade to something we don't speak (`h2c`: curl --http2, Java's
 * HttpClient), as a server reads it that ignores the wish (RFC 9110, 7.8): as the last request of its connection.
 * As Latin-1, as Node reads heads.
 */
export function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== 'connection') lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  }
  return `${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`
}
