import { createServer, request as forwardTo, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { forwardedHeaders, joinTunnel, listenOn, rawHead, responseHeaders } from '../lib/proxying.js'
import { NodePool } from './node-pool.js'

/** ms that a node may take to begin its response */
const RESPONSE_MS = 30_000
/** ms for requests in flight when the proxy closes */
const CLOSE_MS = 1000

/**
 * One port in front of several nodes, for tests and for trying things out: each connection and each request goes to the
 * next node, also those of one client. For production use deploy/nginx.conf.
 */
export class FrontProxy {
  private readonly server = createServer()
  private readonly tunnels = new Set<Duplex>()
  readonly nodes: NodePool

  constructor(ports: readonly number[]) {
    this.nodes = new NodePool(ports)
    this.server.on('request', (request, response) => {
      this.forward(request, response, this.nodes.order()).catch(() => response.destroy())
    })
    this.server.on('upgrade', (request, client, head) => {
      this.tunnel(request, client, head).catch(() => client.destroy())
    })
  }

  /** Resolves to the port; 0 means any free one. */
  listen(host: string, port: number): Promise<number> {
    return listenOn(this.server, host, port)
  }

  private async forward(request: IncomingMessage, response: ServerResponse, ports: number[]): Promise<void> {
    // connect before sending: a request that was not sent can go to another node, even a POST
    const reached = await this.nodes.connect(ports)
    if (!reached) return refuse(response, 503)
    if (response.destroyed) return void reached.socket.destroy()
    const forwarded = forwardTo({
      method: request.method,
      path: request.url,
      headers: forwardedHeaders(request, false),
      createConnection: () => reached.socket,
      timeout: RESPONSE_MS,
    })
    let isDone = false
    const fail = (status: 502 | 504) => {
      if (isDone) return
      isDone = true
      forwarded.destroy()
      if (response.headersSent || response.destroyed) return void response.destroy()
      // the node may have processed the request: only safe methods may be repeated
      const isSafe = request.method === 'GET' || request.method === 'HEAD'
      if (!isSafe || status === 504 || reached.rest.length === 0) return refuse(response, status)
      this.forward(request, response, reached.rest).catch(() => response.destroy())
    }
    forwarded.once('timeout', () => fail(504))
    forwarded.on('error', () => fail(502))
    forwarded.once('response', (reply) => {
      response.sendDate = false
      response.writeHead(reply.statusCode ?? 502, reply.statusMessage, responseHeaders(reply.rawHeaders))
      reply.on('error', () => response.destroy())
      reply.once('end', () => {
        isDone = true
      })
      reply.pipe(response)
    })
    response.once('close', () => forwarded.destroy())
    request.pipe(forwarded)
  }

  /** Forwards bytes from here on: the node's response, also a refusal, reaches the client unchanged. */
  private async tunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => {})
    const reached = await this.nodes.connect(this.nodes.order())
    if (!reached)
      return void client.end(`HTTP/1.1 503 Service Unavailable\r\n${rawHead(REFUSAL)}\r\n${REFUSED}`)
    const { socket } = reached
    if (client.destroyed) return void socket.destroy()
    socket.write(
      `${request.method} ${request.url} HTTP/${request.httpVersion}\r\n${rawHead(forwardedHeaders(request, true))}\r\n`,
    )
    if (head.length > 0) socket.write(head)
    joinTunnel(this.tunnels, client, socket)
  }

  /** Accepts nothing new, gives requests in flight a moment to finish, and cuts the rest. */
  async close(): Promise<void> {
    this.nodes.close()
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    const cut = setTimeout(() => {
      for (const client of this.tunnels) client.destroy()
      this.server.closeAllConnections()
    }, CLOSE_MS)
    await closed
    clearTimeout(cut)
    for (const client of this.tunnels) client.destroy()
  }
}

const REFUSED = '{"error":"unavailable","message":"No node is available: try again."}'
const REFUSAL = [
  'Content-Type',
  'application/json; charset=utf-8',
  'Retry-After',
  '1',
  'Content-Length',
  `${Buffer.byteLength(REFUSED)}`,
  'Connection',
  'close',
]

function refuse(response: ServerResponse, status: 502 | 503 | 504): void {
  response.writeHead(status, REFUSAL)
  response.end(REFUSED)
}
