import { randomUUID } from 'node:crypto'
import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { WebSocket } from '@fastify/websocket'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { LiveRoute } from '../../src/access/socket-access.js'
import { toSessionState } from '../../src/accounts/session-state.js'
import { SocketChat } from '../../src/chat/socket-chat.js'
import { secondsOf } from '../../src/limits/hit-counter.js'
import type { Connection } from '../../src/live/socket/connection.js'
import { ProtocolHandler } from '../../src/live/socket/protocol-handler.js'
import { SocketReader } from '../../src/live/socket/socket-reader.js'
import { WsLiveSocket } from '../../src/live/socket/ws-live-socket.js'
import { LogThrottle } from '../../src/logging.js'
import { CloseCode } from '../../src/protocol/close-codes.js'
import { SUBPROTOCOL } from '../../src/protocol/subprotocol.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** The handler of every socket route: attaches an accepted socket to the hub as a connection. */
    openSocket(socket: WebSocket, request: FastifyRequest): void
    socketChat: SocketChat
  }
}

/** ms between two log lines: while the database is away every message fails */
const LOG_INTERVAL_MS = 1000
/** messages a minute that one session may send by socket, as over HTTP */
const MESSAGES_A_MINUTE = 240
/** unsent bytes above which the client's messages are no longer read: bounds the replies to them */
const READ_UNTIL_PENDING = 64 * 1024

export const openSocketPlugin = fp(
  async (app) => {
    const throttle = new LogThrottle(LOG_INTERVAL_MS)
    const onError = (err: unknown) => {
      const suppressed = throttle.record()
      if (suppressed !== null) app.log.error({ err, suppressed }, 'a socket message failed')
    }
    const countMessage = async (sessionId: string) => {
      if (!app.config.rateLimits) return null
      const { allowed, remainingMs } = await app.hitCounter.hit(`send:${sessionId}`, 60, MESSAGES_A_MINUTE)
      return allowed ? null : secondsOf(remainingMs)
    }
    app.decorate('socketChat', new SocketChat(app.actionContext, app.config.session, countMessage, onError))
    app.decorate('openSocket', (socket: WebSocket, request: FastifyRequest) => open(app, socket, request))
  },
  { name: 'open-socket', fastify: '5.x', dependencies: ['live', 'handshake', 'audit', 'hit-counter'] },
)

/** Synchronous from the accepted socket to its listeners: no message and no event can be missed between. */
function open(app: FastifyInstance, ws: WebSocket, request: FastifyRequest): void {
  const { caller, socketTarget: target } = request
  const live = request.routeOptions.config.live
  if (!caller || !target || !live) return ws.terminate()
  const groups = live.groups(caller.principal, target)
  const stream = request.raw.socket
  stream.setNoDelay(true)
  const connection = app.hub.attach({
    id: randomUUID(),
    socket: new WsLiveSocket(ws, stream),
    guard: (principal) => live.groups(principal, target),
    groups,
    sessionState: toSessionState(caller),
  })
  app.audit.socketOpened(request, connection)
  connection.showsPresence = live.presence === true
  if (connection.showsPresence && caller.principal.role === 'staff') app.hub.presence.set(connection, groups)
  const reader = startProtocol(app, ws, connection, live)
  stream.uncork()
  forgetRequest(ws, stream)
  ws.on('error', (error) => {
    const code = violationCode(error)
    if (code !== null) connection.close(code, 'RFC 6455')
  })
  ws.on('pong', () => connection.markAlive())
  ws.on('message', (data, isBinary) => {
    connection.markAlive()
    if (!connection.closed) reader.receive(isBinary ? null : data.toString())
  })
  const onClosed = (code: number) => {
    reader.close()
    app.hub.onSocketClosed(connection, code)
  }
  ws.on('close', onClosed)
  // `ws` emits 'close' only after all messages that it has received, one per turn of the event loop
  stream.on('close', () => onClosed(1006))
  if (app.draining) connection.close(CloseCode.serviceRestart, 'retry=500')
}

/**
 * Removes what @fastify/websocket leaves on the sockets: it would retain the request, its response and all headers
 * while the socket is open.
 */
function forgetRequest(ws: WebSocket, stream: Socket): void {
  ws.removeAllListeners('error')
  const response: unknown = Reflect.get(stream, '_httpMessage')
  if (response instanceof ServerResponse) response.detachSocket(stream)
}

/** The codes with which `ws` closes a socket that violates RFC 6455; its 'close' event then reports 1006. */
const VIOLATIONS: Record<string, CloseCode> = {
  WS_ERR_INVALID_UTF8: CloseCode.badUtf8,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: CloseCode.policyViolation,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: CloseCode.tooBig,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: CloseCode.tooBig,
}

/** Null when the connection failed without an invalid frame. */
function violationCode(error: Error & { code?: unknown }): CloseCode | null {
  if (typeof error.code !== 'string' || !error.code.startsWith('WS_ERR_')) return null
  return VIOLATIONS[error.code] ?? CloseCode.protocolError
}

function startProtocol(
  app: FastifyInstance,
  ws: WebSocket,
  connection: Connection,
  live: LiveRoute,
): SocketReader {
  // as of the handshake: a socket that was opened before a password change sends nothing after it
  const { sessionState } = connection
  const reader = new SocketReader(ws, (text) => {
    handler.receive(text)
    if (connection.pendingBytes <= READ_UNTIL_PENDING) return
    reader.pause('replies')
    connection.untilPending(READ_UNTIL_PENDING).then(() => reader.resume('replies'))
  })
  const handler = new ProtocolHandler({
    connection,
    host: app.hub,
    onSend: live.chat ? (message) => app.socketChat.send(sessionState, message) : null,
    reader,
    autoSubscribe: ws.protocol !== SUBPROTOCOL,
  })
  handler.start()
  return reader
}
