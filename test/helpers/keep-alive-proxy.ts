import { Agent, createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { listen } from './listen.js'
import type { Teardown } from './teardown.js'

interface Answered {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/**
 * A proxy that sends everything, handshakes too, over one connection that is kept alive for as long as the service lets
 * it, as nginx does with `keepalive`. What the service cuts is a 502.
 */
export async function startKeepAliveProxy(
  t: Teardown,
  port: number,
  headersFor: (headers: IncomingHttpHeaders) => IncomingHttpHeaders,
): Promise<{ port: number; connections(): number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const used = new Set<Socket>()
  const forward = (incoming: IncomingMessage, answer: (answered: Answered) => void) => {
    const { method, url } = incoming
    const { connection: _, ...given } = headersFor(incoming.headers)
    const headers = { ...given, connection: given.upgrade ? 'Upgrade' : 'keep-alive' }
    const outgoing = request({ agent, port, host: '127.0.0.1', method, path: url, headers })
    outgoing.on('socket', (socket) => used.add(socket))
    outgoing.on('error', ({ message }) => answer({ status: 502, headers: {}, body: message }))
    outgoing.on('response', async (response) => {
      let body = ''
      for await (const chunk of response.setEncoding('utf8')) body += chunk
      // of this hop alone (RFC 9110, 7.6.1)
      const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...rest } = response.headers
      answer({ status: response.statusCode ?? 0, headers: rest, body })
    })
    outgoing.on('upgrade', (_response, socket) => {
      socket.destroy()
      answer({ status: 101, headers: {}, body: '' })
    })
    incoming.pipe(outgoing)
  }
  const server = createServer((incoming, response) =>
    forward(incoming, ({ status, headers, body }) => response.writeHead(status, headers).end(body)),
  )
  server.on('upgrade', (incoming, socket) =>
    forward(incoming, ({ status, body }) => {
      const length = Buffer.byteLength(body)
      socket.end(`HTTP/1.1 ${status} -\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`)
    }),
  )
  t.teardown(() => {
    agent.destroy()
    server.close()
    server.closeAllConnections()
  })
  return { port: await listen(server), connections: () => used.size }
}
