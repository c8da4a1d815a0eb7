import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Hop-by-hop headers (RFC 9110, 7.6.1), and headers that only a proxy may set. */
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
 * The headers of a request as a node receives them: unchanged, repeated ones too, except that X-Forwarded-For is the
 * client's actual address. A flat list of names and values.
 */
export function forwardedHeaders(request: IncomingMessage, isUpgrade: boolean): string[] {
  const kept = isUpgrade ? request.rawHeaders : endToEndHeaders(request.rawHeaders)
  const headers = filterHeaders(kept, (name) => !OF_PROXIES.test(name))
  headers.push('X-Forwarded-For', request.socket.remoteAddress ?? 'unknown', 'X-Forwarded-Proto', 'http')
  return headers
}

/** Without the headers that concern one connection only. */
export const endToEndHeaders = (rawHeaders: readonly string[]): string[] =>
  filterHeaders(rawHeaders, (name) => !OF_ONE_CONNECTION.has(name.toLowerCase()))

/** The headers of an answer as the client receives them; this server decides itself how to delimit the body. */
export const answeredHeaders = (rawHeaders: readonly string[]): string[] =>
  filterHeaders(endToEndHeaders(rawHeaders), (name) => name.toLowerCase() !== 'transfer-encoding')

function filterHeaders(rawHeaders: readonly string[], keeps: (name: string) => boolean): string[] {
  const headers: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2)
    if (keeps(name)) headers.push(name, value)
  }
  return headers
}

/** The header lines of a message that is written by hand. */
export function rawHead(headers: readonly string[]): string {
  let text = ''
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  return text
}

/** Resolves to the port; 0 asks for any free one. */
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

/** Joins an upgraded client and its upstream, byte for byte. `tunnels` holds the client until it closes. */
export function joinTunnel(tunnels: Set<Duplex>, client: Duplex, upstream: Socket): void {
  tunnels.add(client)
  upstream.on('error', () => {})
  client.once('close', () => {
    tunnels.delete(client)
    upstream.destroy()
  })
  // what the upstream sent last still has to arrive
  upstream.once('close', () => client.end(() => client.destroy()))
  client.pipe(upstream)
  upstream.pipe(client)
}
