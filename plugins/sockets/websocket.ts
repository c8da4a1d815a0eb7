import { createServer, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import fastifyWebsocket from '@fastify/websocket'
import fp from 'fastify-plugin'
import type { WebSocket } from 'ws'
import { SUBPROTOCOL } from '../../src/protocol/subprotocol.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** requests with as many headers or more are refused */
    maxHeaders: number
    /** receives the 'upgrade' events of WebSocket handshakes, from request-flow; listens on no port */
    handshakes: Server
    /** every registered route */
    routeTable: readonly RouteEntry[]
    /** Ends the deadline of a handshake that is accepted without `ws`. */
    acceptHandshake(stream: Duplex): void
  }
  interface FastifyContextConfig {
    /** set for every route of a socket */
    isSocket?: boolean
  }
}

export interface RouteEntry {
  method: string
  url: string
  isSocket: boolean
}

/** ms from the upgrade request to its acceptance or refusal; then the connection is destroyed */
const HANDSHAKE_DEADLINE_MS = 10_000
const MAX_HEADERS = 200
const MAX_FRAGMENTS = 64
/** ms from a close frame, of either side, to the end of the connection; until then it counts for its user */
const CLOSE_WAIT_MS = 5000
/** connections of this node, upgraded or not */
const MAX_CONNECTIONS = 50_000
/** unsent bytes above which a client's pings are no longer answered one by one */
const PONGS_UNTIL_PENDING = 16 * 1024

/**
 * @fastify/websocket, with the limits that it and Node lack. Must be registered before anything that can refuse a request,
 * as it closes the sockets of refused upgrades.
 */
export const websocketPlugin = fp(
  async (app) => {
    const { server } = app
    // no limit in Node, whose older versions silently drop headers beyond it, a second Origin too: the hooks count, and
    // the parser bounds the bytes of all headers
    server.maxHeadersCount = 0
    server.maxConnections = MAX_CONNECTIONS
    app.decorate('maxHeaders', MAX_HEADERS)
    const routeTable: RouteEntry[] = []
    app.decorate('routeTable', routeTable)
    app.addHook('onRoute', (route) => {
      const isSocket = route.websocket === true
      if (isSocket) route.config = { ...route.config, isSocket }
      for (const one of [route.method].flat()) routeTable.push({ method: one, url: route.url, isSocket })
    })

    // an upgrade to which Fastify responds before any hook (a malformed path, a parameter too long) leaves its socket
    // open, which hangs the shutdown: each has a deadline until it is a WebSocket
    const pending = new WeakMap<Duplex, () => void>()
    const handshakes = createServer()
    app.decorate('handshakes', handshakes)
    handshakes.on('upgrade', (_request, socket) => {
      const timer = setTimeout(() => socket.destroy(), HANDSHAKE_DEADLINE_MS)
      // an accepted socket keeps nothing of this
      const end = () => {
        clearTimeout(timer)
        socket.off('close', end)
        pending.delete(socket)
      }
      pending.set(socket, end)
      socket.on('close', end)
    })

    // Node hands a connection over at an upgrade, and @fastify/websocket closes it once a refusal is sent: without
    // this header a proxy would send its next request on it, which would be reset
    app.addHook('onSend', (request, reply, payload, done) => {
      if (request.ws) reply.raw.shouldKeepAlive = false
      done(null, payload)
    })

    const options = {
      server: handshakes,
      maxPayload: app.serverConfig.sockets.maxPayloadBytes,
      maxFragments: MAX_FRAGMENTS,
      // missing in @types/ws
      closeTimeout: CLOSE_WAIT_MS,
      perMessageDeflate: false,
      clientTracking: false,
      // `ws` would buffer a pong for every ping of a client that reads nothing
      autoPong: false,
      // of a read full of small messages only one holds the event loop at a time
      allowSynchronousEvents: false,
      handleProtocols: (offered: Set<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    } as const
    await app.register(fastifyWebsocket, {
      options,
      // the hub's drain closes the sockets; this only closes the server
      preClose(done) {
        app.websocketServer.close(() => {})
        done()
      },
    })
    app.decorate('acceptHandshake', (stream) => pending.get(stream)?.())
    app.websocketServer.on('connection', (ws, request) => {
      app.acceptHandshake(request.socket)
      answerPings(ws, request.socket)
    })
  },
  { name: 'websocket', fastify: '5.x', dependencies: ['server-config'] },
)

/** Answers pings; of several unanswered ones only the latest (RFC 6455, 5.5.3). */
function answerPings(ws: WebSocket, stream: Duplex): void {
  let latest: Buffer | null = null
  const answer = () => {
    if (latest !== null && ws.readyState === ws.OPEN) ws.pong(latest)
    latest = null
  }
  ws.on('ping', (data) => {
    const isWaiting = latest !== null
    latest = data
    if (isWaiting) return
    if (stream.writableLength <= PONGS_UNTIL_PENDING) answer()
    // the callback of an empty write runs once everything before it has been sent
    else if (stream.writable) stream.write('', answer)
  })
}
