import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Hop-by-hop headers (RFC 9110, 7.6.1) */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade'])
/** Headers that only a proxy may set */
const SET_BY_PROXIES = /^(?:forwarded|x-forwarded-.+|x-real-ip)$/i

/**
 * The headers of a request as a node receives them, as a flat list of names and values: unchanged, repeated ones
 * included, except that X-Forwarded-For is the client's actual address.
 */
export function forwardedHeaders(request: IncomingMessage, isUpgrade: boolean): string[] {
  const kept = isUpgrade ? request.rawHeaders : endToEndHeaders(request.rawHeaders)
  const headers = filterHeaders(kept, (name) => !SET_BY_PROXIES.test(name))
  headers.push('X-Forwarded-For', request.socket.remoteAddress ?? 'unknown', 'X-Forwarded-Proto', 'http')
  return headers
}

/** The headers without the hop-by-hop ones. */
export const endToEndHeaders = (rawHeaders: readonly string[]): string[] =>
  filterHeaders(rawHeaders, (name) => !HOP_BY_HOP.has(name.toLowerCase()))

/** The headers of a response as the client receives them. Without Transfer-Encoding: Node frames the body anew. */
export const responseHeaders = (rawHeaders: readonly string[]): string[] =>
  filterHeaders(endToEndHeaders(rawHeaders), (name) => name.toLowerCase() !== 'transfer-encoding')

function filterHeaders(rawHeaders: readonly string[], keeps: (name: string) => boolean): string[] {
  const headers: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2)
    if (keeps(name)) headers.push(name, value)
  }
  return headers
}

/** The header lines of a message that is written to a socket directly. */
export function rawHead(headers: readonly string[]): string {
  let text = ''
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  return text
}

/** Resolves to the port; 0 means any free one. */
export function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

/** Pipes an upgraded client and its upstream into each other. `tunnels` holds the client until it closes. */
export function joinTunnel(tunnels: Set<Duplex>, client: Duplex, upstream: Socket): void {
  tunnels.add(client)
  upstream.on('error', () => {})
  client.once('close', () => {
    tunnels.delete(client)
    upstream.destroy()
  })
  // the last bytes from the upstream still have to arrive
  upstream.once('close', () => client.end(() => client.destroy()))
  client.pipe(upstream)
  upstream.pipe(client)
}
