import { randomUUID } from 'node:crypto'
import type { WebSocket } from '@fastify/websocket'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { CloseCode } from '../src/live/close-codes.js'
import type { Connection } from '../src/live/connection.js'
import { SUBPROTOCOL } from '../src/live/protocol.js'
import { type SendMessage, V1Session } from '../src/live/v1-session.js'
import { legacyWire } from '../src/live/wires/legacy.js'
import { v1Wire } from '../src/live/wires/v1.js'
import { WsLiveSocket } from './live-socket.js'
import { toAdmission } from './live.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** The handler of every socket route: from the accepted socket to a connection of the hub. */
    openSocket(socket: WebSocket, request: FastifyRequest): void
  }
}

/** bytes that wait for a client above which nothing more is read from it: its own messages' answers are bounded */
const READ_UNTIL_PENDING = 64 * 1024

export default fp(
  async (app) => {
    app.decorate('openSocket', (socket: WebSocket, request: FastifyRequest) => open(app, socket, request))
  },
  { name: 'open-socket', fastify: '5.x', dependencies: ['live', 'handshake', 'socket-log'] },
)

/** All in the turn of the event loop in which the socket was accepted: no message and no event falls between. */
function open(app: FastifyInstance, ws: WebSocket, request: FastifyRequest): void {
  const admitted = request.admitted
  const live = request.routeOptions.config.live
  if (!admitted || !live) return ws.terminate()
  const { session, target, groups } = admitted
  const resumes = ws.protocol === SUBPROTOCOL
  const stream = request.raw.socket
  stream.setNoDelay(true)
  const connection = app.hub.attach({
    id: randomUUID(),
    socket: new WsLiveSocket(ws, stream),
    wire: resumes ? v1Wire : legacyWire,
    guard: (principal) => live.groups(principal, target),
    groups,
    admission: toAdmission(session),
  })
  app.socketLog.connected(request, connection)
  const receive = resumes ? startV1(app, ws, connection) : startLegacy(app, connection)
  // the listener that @fastify/websocket left would keep the request and its headers for as long as the socket
  ws.removeAllListeners('error')
  ws.on('error', () => {})
  ws.on('pong', () => connection.heard())
  ws.on('message', (data, isBinary) => {
    connection.heard()
    receive(isBinary ? null : data.toString())
    if (connection.pendingBytes > READ_UNTIL_PENDING) pauseUntilRead(ws, connection)
  })
  ws.on('close', (code) => app.hub.gone(connection, code))
  if (app.draining) connection.close(CloseCode.serviceRestart, 'retry=500')
}

function startV1(app: FastifyInstance, ws: WebSocket, connection: Connection): (text: string | null) => void {
  const session = new V1Session({
    connection,
    join: (group, cursor) => app.hub.join(connection, group, cursor),
    armDeadline: () => app.hub.armDeadline(connection),
    staleSince: () => app.hub.staleSince,
    onSend: null as ((message: SendMessage) => Promise<null>) | null,
    pause: () => ws.pause(),
    resume: () => ws.resume(),
  })
  session.start()
  return (text) => session.receive(text)
}

/** The old pages: their groups are joined at once, and what they send grants nothing. */
function startLegacy(app: FastifyInstance, connection: Connection): (text: string | null) => void {
  for (const group of connection.granted) app.hub.join(connection, group)
  return () => {}
}

function pauseUntilRead(ws: WebSocket, connection: Connection): void {
  ws.pause()
  connection.whenRoom().then(() => ws.resume())
}
