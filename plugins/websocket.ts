import type { Duplex } from 'node:stream'
import fastifyWebsocket from '@fastify/websocket'
import fp from 'fastify-plugin'
import { SUBPROTOCOL } from '../src/live/protocol.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** more headers than this and Node drops the rest unseen */
    maxHeaders: number
  }
}

/** ms from the upgrade request to the accepted socket, or the refusal: beyond it the connection is cut */
const HANDSHAKE_DEADLINE_MS = 10_000
const MAX_HEADERS = 200
const MAX_FRAGMENTS = 64
/** sockets of this node, upgraded or not */
const MAX_CONNECTIONS = 50_000

/**
 * @fastify/websocket with bounds for what it and Node leave open. It must be registered before anything that can
 * refuse a request: it ends the sockets of refused upgrades.
 */
export default fp(
  async (app) => {
    const { server } = app
    server.maxHeadersCount = MAX_HEADERS
    server.maxConnections = MAX_CONNECTIONS
    app.decorate('maxHeaders', MAX_HEADERS)

    // An upgrade that Fastify answers before any hook (a malformed path, an over-long parameter) leaves its socket
    // open for ever, and then hangs the shutdown. So each has a deadline, lifted once it is a WebSocket.
    const pending = new WeakMap<Duplex, NodeJS.Timeout>()
    server.prependListener('upgrade', (_request, socket) => {
      const timer = setTimeout(() => socket.destroy(), HANDSHAKE_DEADLINE_MS)
      pending.set(socket, timer)
      socket.once('close', () => clearTimeout(timer))
    })

    await app.register(fastifyWebsocket, {
      options: {
        maxPayload: app.config.sockets.maxPayloadBytes,
        maxFragments: MAX_FRAGMENTS,
        perMessageDeflate: false,
        clientTracking: false,
        handleProtocols: (offered: Set<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
      },
      // sockets are closed by the hub's drain; here only the server's own state ends
      preClose(done) {
        app.websocketServer.close(() => {})
        done()
      },
    })
    app.websocketServer.on('connection', (_ws, request) => clearTimeout(pending.get(request.socket)))
  },
  { name: 'websocket', fastify: '5.x', dependencies: ['config'] },
)
