import {
  createServer,
  request as forwardTo,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { withDeadline } from '../../src/concurrency/deadline.js'
import { endToEndHeaders, joinTunnel, listenOn, rawHead, responseHeaders } from '../lib/proxying.js'
import type { DevPages } from './dev-pages.js'
import { type DevService, ServiceDown } from './dev-service.js'

/** ms for which a request waits while the service restarts */
const WAIT_MS = 20_000

const startTimedOut = () => new ServiceDown('The service is taking long to start: try again.')

/** The one port of `npm run dev`: Vite serves the pages' sources, the service everything else. */
export class DevProxy {
  readonly server: Server = createServer({ requireHostHeader: false })
  private readonly tunnels = new Set<Duplex>()
  private pages: DevPages | null = null

  constructor(private readonly service: DevService) {
    this.server.on('request', (request, response) => {
      if (this.pages?.owns(request, false)) return this.pages.handle(request, response)
      this.forward(request, response).catch((error: unknown) => this.fail(response, error))
    })
    this.server.on('upgrade', (request, client, head) => {
      // Vite's own listener handles it
      if (this.pages?.owns(request, true)) return
      this.tunnel(request, client, head).catch(() => client.destroy())
    })
  }

  /** Resolves to the port; 0 means any free one. */
  listen(pages: DevPages, host: string, port: number): Promise<number> {
    this.pages = pages
    return listenOn(this.server, host, port)
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve))
    for (const client of this.tunnels) client.destroy()
    this.server.closeAllConnections()
    await closed
  }

  /** Connects to the service with the client's address. */
  private async connect({ socket: client }: IncomingMessage): Promise<Socket> {
    const address = client.remoteAddress ?? ''
    const { port, setClientAddress } = await withDeadline(this.service.running(), WAIT_MS, startTimedOut)
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    socket.on('error', () => {})
    await setClientAddress(socket.localPort ?? 0, address)
    return socket
  }

  private async forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const socket = await this.connect(request)
    if (response.destroyed) return void socket.destroy()
    const forwarded = forwardTo({
      method: request.method,
      path: request.url,
      headers: [...endToEndHeaders(request.rawHeaders), 'Connection', 'close'],
      createConnection: () => socket,
    })
    forwarded.on('error', (error) => this.fail(response, error))
    forwarded.once('response', (reply) => {
      this.respond(request, reply, response).catch((error: unknown) => this.fail(response, error))
    })
    response.once('close', () => forwarded.destroy())
    request.pipe(forwarded)
  }

  /** Passes the service's response on; a page is changed to load its modules from Vite. */
  private async respond(
    request: IncomingMessage,
    reply: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { url = '' } = request
    const isPage = (reply.headers['content-type'] ?? '').startsWith('text/html') && !url.startsWith('/docs')
    response.sendDate = false
    const headers = responseHeaders(reply.rawHeaders)
    if (!isPage || !this.pages || request.method !== 'GET') {
      response.writeHead(reply.statusCode ?? 502, reply.statusMessage, headers)
      reply.on('error', () => response.destroy())
      return void reply.pipe(response)
    }
    const html = await this.pages.transform(await text(reply), url)
    const adapted = headers.filter((_, i) => headers[i - (i % 2)]?.toLowerCase() !== 'content-length')
    for (const [i, name] of adapted.entries()) {
      if (i % 2 === 0 && name.toLowerCase() === 'content-security-policy')
        adapted[i + 1] = this.pages.allowStyles(adapted[i + 1] ?? '')
    }
    response.writeHead(reply.statusCode ?? 502, reply.statusMessage, adapted)
    response.end(html)
  }

  /** Forwards bytes from here on: the service's response, also a refusal, reaches the client unchanged. */
  private async tunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => {})
    const socket = await this.connect(request)
    if (client.destroyed) return void socket.destroy()
    const { method, url, httpVersion, rawHeaders } = request
    socket.write(`${method} ${url} HTTP/${httpVersion}\r\n${rawHead(rawHeaders)}\r\n`)
    if (head.length > 0) socket.write(head)
    joinTunnel(this.tunnels, client, socket)
  }

  /** Responds 503 with what the service printed before it exited. The page reloads itself once the service is back. */
  private fail(response: ServerResponse, error: unknown): void {
    if (response.headersSent) return void response.destroy()
    const reason = error instanceof ServiceDown ? error.message : `The service does not answer: ${error}`
    const shown = reason.replace(
      /[&<>]/g,
      (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign] ?? sign,
    )
    response.writeHead(503, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'retry-after': '1',
    })
    response.end(
      `<!doctype html><meta charset="utf-8"><title>houselights is down</title><script type="module" src="/vite/@vite/client"></script><h1>The service is down</h1><pre>${shown}</pre>`,
    )
  }
}
