import { createServer, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import fastifyWebsocket from '@fastify/websocket'
import fp from 'fastify-plugin'
import type { WebSocket } from 'ws'
import { SUBPROTOCOL } from '../../src/protocol/messages.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** a request with more is refused */
    maxHeaders: number
    /** gets the 'upgrade' of requests that ask for a WebSocket, from who sorts them out; listens on no port */
    handshakes: Server
    /** every route of the service, as it was registered */
    routeTable: readonly RouteEntry[]
  }
}

export interface RouteEntry {
  method: string
  url: string
  isSocket: boolean
}

/** ms from the upgrade request to the accepted socket, or the refusal: beyond it the connection is cut */
const HANDSHAKE_DEADLINE_MS = 10_000
const MAX_HEADERS = 200
const MAX_FRAGMENTS = 64
/** ms that a connection is kept after a close frame, of either side: its user's place is taken till then */
const CLOSE_WAIT_MS = 5000
/** sockets of this node, upgraded or not */
const MAX_CONNECTIONS = 50_000
/** bytes that wait for a client above which its pings are not answered one by one */
const PONGS_UNTIL_PENDING = 16 * 1024

/**
 * @fastify/websocket with bounds for what it and Node leave open. It must be registered before anything that can
 * refuse a request: it ends the sockets of refused upgrades.
 */
export default fp(
  async (app) => {
    const { server } = app
    // no limit of Node's: older ones drop what is beyond it unseen, a second Origin too. The hooks count; the bytes of
    // all headers are bounded by the parser.
    server.maxHeadersCount = 0
    server.maxConnections = MAX_CONNECTIONS
    app.decorate('maxHeaders', MAX_HEADERS)
    const routeTable: RouteEntry[] = []
    app.decorate('routeTable', routeTable)
    app.addHook('onRoute', ({ method, url, config, websocket }) => {
      const isSocket = websocket === true && config?.live !== undefined
      for (const one of [method].flat()) routeTable.push({ method: one, url, isSocket })
    })

    // An upgrade that Fastify answers before any hook (a malformed path, an over-long parameter) leaves its socket
    // open for ever, and then hangs the shutdown. So each has a deadline, lifted once it is a WebSocket.
    const pending = new WeakMap<Duplex, NodeJS.Timeout>()
    const handshakes = createServer()
    app.decorate('handshakes', handshakes)
    handshakes.on('upgrade', (_request, socket) => {
      const timer = setTimeout(() => socket.destroy(), HANDSHAKE_DEADLINE_MS)
      pending.set(socket, timer)
      socket.once('close', () => clearTimeout(timer))
    })

    const options = {
      server: handshakes,
      maxPayload: app.config.sockets.maxPayloadBytes,
      maxFragments: MAX_FRAGMENTS,
      // @types/ws does not know it yet
      closeTimeout: CLOSE_WAIT_MS,
      perMessageDeflate: false,
      clientTracking: false,
      // `ws` would answer every ping of a client that reads nothing, and keep the answers without end
      autoPong: false,
      handleProtocols: (offered: Set<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    } as const
    await app.register(fastifyWebsocket, {
      options,
      // sockets are closed by the hub's drain; here only the server's own state ends
      preClose(done) {
        app.websocketServer.close(() => {})
        done()
      },
    })
    app.websocketServer.on('connection', (ws, request) => {
      clearTimeout(pending.get(request.socket))
      answerPings(ws, request.socket)
    })
  },
  { name: 'websocket', fastify: '5.x', dependencies: ['config'] },
)

/** RFC 6455, 5.5.3: of pings that wait for their answer only the latest need be answered. */
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
    // the callback of an empty write comes when all that waits before it has been taken
    else if (stream.writable) stream.write('', answer)
  })
}
