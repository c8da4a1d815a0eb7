import type { IncomingMessage } from 'node:http'

/** What concerns one connection only (RFC 9110, 7.6.1), and what only a proxy may say. */
const OF_ONE_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
])
const OF_PROXIES = /^(?:forwarded|x-forwarded-.+|x-real-ip)$/i

/**
 * A request's headers as a node gets them: as they came, Host and doubled ones included, but that the client's
 * address is the one that it has, not one that it names. Name, value, name, value.
 */
export function forwardedHeaders(request: IncomingMessage, isUpgrade: boolean): string[] {
  const headers: string[] = []
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const [name = '', value = ''] = request.rawHeaders.slice(i, i + 2)
    const isOurs = OF_PROXIES.test(name) || (!isUpgrade && OF_ONE_CONNECTION.has(name.toLowerCase()))
    if (!isOurs) headers.push(name, value)
  }
  headers.push('X-Forwarded-For', request.socket.remoteAddress ?? 'unknown', 'X-Forwarded-Proto', 'http')
  return headers
}

/** An answer's headers as the client gets them. */
export function answeredHeaders(rawHeaders: readonly string[]): string[] {
  const headers: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2)
    // how long the body is this server says itself, where the node said it in chunks
    if (!OF_ONE_CONNECTION.has(name.toLowerCase()) && name.toLowerCase() !== 'transfer-encoding')
      headers.push(name, value)
  }
  return headers
}
