import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import {
  DomainError,
  forbidden,
  notFound,
  originNotAllowed,
  tooMany,
  unauthenticated,
  unavailable,
} from '../../src/errors.js'
import type { GateRoute } from '../../src/gate/gate-file.js'
import type { GateSocket } from '../../src/gate/gate-socket.js'
import type { LiveSession } from '../../src/gate/session-reader.js'
import type { Refusal } from '../../src/gate/session-watch.js'
import {
  acceptOf,
  openUpstream,
  UpstreamRefusedError,
  type UpstreamSocket,
  upstreamHeaders,
} from '../../src/gate/upstream.js'
import { withoutPort } from '../../src/http/client-address.js'
import { handshakeError, namesWebSocket } from '../../src/http/handshake.js'
import { comesFromAllowedPage } from '../../src/http/origins.js'
import { LogThrottle } from '../../src/logging.js'
import { CloseCode } from '../../src/protocol/close-codes.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    gate?: GateRoute
  }
}

/**
 * Accepts or refuses a handshake before the upgrade, the cheap checks first: form and origin, Django's session (401), the
 * route's guard (403), the number of sockets (429), the upstream (503). Once the upstream has accepted, session and guard
 * are judged again, and only then does the client get its 101.
 */
export const gateHandshakePlugin = fp(
  async (app) => {
    const heads = new WeakMap<object, Buffer>()
    app.handshakes.on('upgrade', (request, _socket, head: Buffer) => {
      if (head.length > 0) heads.set(request, head)
    })
    app.addHook('onRequest', async (request, reply) => {
      if (!request.routeOptions.config.gate) return
      if (request.method !== 'GET') throw notFound('page')
      if (!request.ws) throw upgradeRequired(request, reply)
      checkForm(app, request)
      request.djangoSession = await identify(app, request)
    })
    app.addHook('preHandler', async (request, reply) => {
      const { gate: route } = request.routeOptions.config
      const { djangoSession: session } = request
      if (!route) return
      if (!session) throw unauthenticated()
      const { socket, upstream } = await admit(app, request, route, session)
      reply.hijack()
      open(app, request, socket, upstream, heads.get(request.raw) ?? Buffer.alloc(0))
      return reply
    })
  },
  {
    name: 'gate-handshake',
    fastify: '5.x',
    dependencies: [
      'server-config',
      'host-check',
      'websocket',
      'django',
      'django-cookie',
      'socket-limits',
      'gate-sockets',
    ],
  },
)

const clientGone = () => malformed('The connection has closed.')

const malformed = (message: string) => new DomainError(400, 'malformed_handshake', message)

function upgradeRequired(request: FastifyRequest, reply: FastifyReply): DomainError {
  const { upgrade } = request.headers
  if (upgrade !== undefined && !namesWebSocket(upgrade)) return malformed('Upgrade must be "websocket".')
  reply.header('upgrade', 'websocket')
  return new DomainError(426, 'upgrade_required', 'This is a socket: connect with a WebSocket.')
}

function checkForm(app: FastifyInstance, request: FastifyRequest): void {
  const error = handshakeError(request.raw, app.maxHeaders)
  if (error) throw malformed(error)
  for (const value of Object.values(parametersOf(request))) {
    // as a part of the upstream's path they would lead elsewhere
    if (value === '' || value === '.' || value === '..' || /[/\\]|\p{Cc}/u.test(value))
      throw new DomainError(400, 'malformed_path', 'A part of the path is malformed.')
  }
  const { allowedHosts, allowedOrigins, isProduction } = app.serverConfig
  const rule = { allowedHosts, allowedOrigins, requireHttps: isProduction }
  if (!comesFromAllowedPage(request.raw, request.ownHost, rule)) throw originNotAllowed()
}

function parametersOf({ params }: FastifyRequest): Record<string, string> {
  const entries = Object.entries(typeof params === 'object' && params !== null ? params : {})
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
}

async function identify(app: FastifyInstance, request: FastifyRequest): Promise<LiveSession> {
  const key = app.djangoCookie.keyOf(request)
  const verdict =
    key === null ? null : await app.django.lookup.find(key).catch((err) => fail(app, request, err))
  request.isLookedUp = true
  if (verdict?.kind === 'live') {
    app.djangoCookie.prove(verdict.session.key)
    return verdict.session
  }
  // one of a blocked address that might have been of a live session
  app.socketLimits.check(request)
  throw unauthenticated()
}

/** Fails closed, whatever the error: without an answer no socket is admitted. */
function fail(app: FastifyInstance, request: FastifyRequest, err: unknown): never {
  app.django.noteFailure(err, request.log)
  throw unavailable()
}

/** All that remains between a live session and an open socket. */
async function admit(
  app: FastifyInstance,
  request: FastifyRequest,
  route: GateRoute,
  session: LiveSession,
): Promise<{ socket: GateSocket; upstream: UpstreamSocket }> {
  const { guards, lookup, watch } = app.django
  const guard = guards.get(route)
  const parameters = parametersOf(request)
  if (!guard) throw forbidden()
  const passes = await lookup
    .judge(guard, { session, parameters })
    .catch((err: unknown) => fail(app, request, err))
  if (!passes) throw forbidden()
  if (!(await app.socketLimits.reserve(request, session.userId)))
    throw tooMany(10, 'This user has too many open sockets.')
  await app.socketLimits.countHandshake(request, false)
  const upstream = await reachUpstream(request, route, session, parameters)
  const socket = app.watchSocket({ session, guard, route, parameters })
  const refusal = await watch.admit(socket, lookup)
  if (refusal === null && !request.raw.socket.destroyed) return { socket, upstream }
  app.dropSocket(socket)
  upstream.socket.destroy()
  throw refusal === null ? clientGone() : ERRORS[refusal]()
}

const ERRORS: Record<Refusal, () => DomainError> = {
  session_ended: unauthenticated,
  forbidden,
  unavailable,
}

/** ms between two log lines about the upstream of a route: while it is away each handshake fails */
const LOG_INTERVAL_MS = 1000
const throttles = new WeakMap<GateRoute, LogThrottle>()

function throttleOf(route: GateRoute): LogThrottle {
  const throttle = throttles.get(route) ?? new LogThrottle(LOG_INTERVAL_MS)
  throttles.set(route, throttle)
  return throttle
}

async function reachUpstream(
  request: FastifyRequest,
  route: GateRoute,
  { userId }: LiveSession,
  parameters: Record<string, string>,
): Promise<UpstreamSocket> {
  const headers = upstreamHeaders(request.raw.rawHeaders, { address: withoutPort(request.ip), userId })
  const gone = new AbortController()
  const unwatch = onGone(request.raw.socket, () => gone.abort())
  try {
    return await openUpstream(route.upstream, route.upstream.target(parameters), {
      headers,
      signal: gone.signal,
    })
  } catch (error) {
    if (gone.signal.aborted) throw clientGone()
    const status = error instanceof UpstreamRefusedError ? error.status : null
    const reason = error instanceof Error ? error.message : 'no answer'
    const suppressed = throttleOf(route).record()
    if (suppressed !== null) {
      const fields = { route: route.path, reason, status: status ?? undefined, suppressed }
      request.log.warn(fields, 'the upstream refused or did not answer the handshake')
    }
    if (status !== null && status >= 400 && status < 500)
      throw new DomainError(403, 'upstream_refused', 'The site does not accept this socket.')
    throw new DomainError(503, 'upstream_unavailable', 'The site is temporarily unavailable: try again.', {
      retryAfter: 1,
    })
  } finally {
    unwatch()
  }
}

/** Calls back when the client ends or cuts its connection, and leaves bytes that it sends unread. */
function onGone(stream: Socket, giveUp: () => void): () => void {
  // the end shows only to a reader, and after an upgrade there is none
  const look = () => stream.readableLength === 0 && stream.read()
  stream.on('readable', look).once('end', giveUp).once('close', giveUp)
  return () => void stream.off('readable', look).off('end', giveUp).off('close', giveUp)
}

/** The upstream's headers that are not passed on: they are of its connection. */
const OWN =
  /^(?:connection|upgrade|keep-alive|proxy-.*|te|trailer|transfer-encoding|content-length|sec-websocket-accept)$/i

function open(
  app: FastifyInstance,
  request: FastifyRequest,
  socket: GateSocket,
  upstream: UpstreamSocket,
  head: Buffer,
): void {
  const stream = request.raw.socket
  app.acceptHandshake(stream)
  detach(stream)
  const key = request.raw.headers['sec-websocket-key'] ?? ''
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptOf(key)}`,
  ]
  const { headers } = upstream
  for (let i = 0; i < headers.length; i += 2)
    if (!OWN.test(headers[i] ?? '')) lines.push(`${headers[i]}: ${headers[i + 1]}`)
  stream.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  app.audit.socketOpened(request, socket)
  app.keepSocket(socket)
  socket.open(stream, head, upstream)
  if (app.draining) socket.close(CloseCode.serviceRestart, 'retry=500')
}

/** Removes what Node leaves on the connection: it would retain the response and all headers while the socket is open. */
function detach(stream: Socket): void {
  const response: unknown = Reflect.get(stream, '_httpMessage')
  if (response instanceof ServerResponse) response.detachSocket(stream)
}
