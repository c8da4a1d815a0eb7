import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { answeredHeaders, forwardedHeaders, joinTunnel, listenOn, rawHead } from '../lib/proxying.js'
import { NodePool } from './node-pool.js'

/** ms that a node may take to begin its answer */
const ANSWER_MS = 30_000
/** ms for what is under way when the front closes */
const CLOSE_MS = 1000

/**
 * One port before several nodes, for trying things by hand and for tests: every connection and every request goes to
 * the next node, also those of one client. For production there is deploy/nginx.conf.
 */
export class FrontProxy {
  private readonly server = createServer()
  private readonly tunnels = new Set<Duplex>()
  readonly nodes: NodePool

  constructor(ports: readonly number[]) {
    this.nodes = new NodePool(ports)
    this.server.on('request', (request, response) => {
      this.forward(request, response, this.nodes.inTurn()).catch(() => response.destroy())
    })
    this.server.on('upgrade', (request, client, head) => {
      this.tunnel(request, client, head).catch(() => client.destroy())
    })
  }

  /** Resolves to the port; 0 asks for any free one. */
  listen(host: string, port: number): Promise<number> {
    return listenOn(this.server, host, port)
  }

  private async forward(request: IncomingMessage, response: ServerResponse, ports: number[]): Promise<void> {
    // connected before anything is sent: what was not sent can go to another node, a POST too
    const reached = await this.nodes.connect(ports)
    if (!reached) return refuse(response, 503)
    if (response.destroyed) return void reached.socket.destroy()
    const passed = ask({
      method: request.method,
      path: request.url,
      headers: forwardedHeaders(request, false),
      createConnection: () => reached.socket,
      timeout: ANSWER_MS,
    })
    let isOver = false
    const fail = (status: 502 | 504) => {
      if (isOver) return
      isOver = true
      passed.destroy()
      if (response.headersSent || response.destroyed) return void response.destroy()
      // the node may have done what was asked: only what changes nothing may be asked again
      const isSafe = request.method === 'GET' || request.method === 'HEAD'
      if (!isSafe || status === 504 || reached.rest.length === 0) return refuse(response, status)
      this.forward(request, response, reached.rest).catch(() => response.destroy())
    }
    passed.once('timeout', () => fail(504))
    passed.on('error', () => fail(502))
    passed.once('response', (answer) => {
      response.sendDate = false
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answeredHeaders(answer.rawHeaders))
      answer.on('error', () => response.destroy())
      answer.once('end', () => {
        isOver = true
      })
      answer.pipe(response)
    })
    response.once('close', () => passed.destroy())
    request.pipe(passed)
  }

  /** From here on bytes: the node's answer, a refusal too, goes to the client as it is. */
  private async tunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => {})
    const reached = await this.nodes.connect(this.nodes.inTurn())
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

  /** Takes nothing new, lets what is under way come to its end for a moment, and cuts the rest. */
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

const REFUSED = '{"error":"unavailable","message":"No node answers just now: try again."}'
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
