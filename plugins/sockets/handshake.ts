import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { LiveRoute, SocketTarget } from '../../src/access/socket-access.js'
import { SessionLoader } from '../../src/accounts/session-loader.js'
import { withDeadline } from '../../src/concurrency/deadline.js'
import { DomainError, forbidden, notFound, originNotAllowed, tooMany, unavailable } from '../../src/errors.js'
import { handshakeError, namesWebSocket } from '../../src/http/handshake.js'
import { comesFromAllowedPage } from '../../src/http/origins.js'
import { originFormPath, readId } from '../../src/http/request-target.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    live?: LiveRoute
  }
  interface FastifyRequest {
    /** what the socket of a handshake is about, read along with `caller`; null without a live session */
    socketTarget: SocketTarget | null
  }
}

/** ms to subscribe the node to the socket's groups */
const PREPARE_MS = 3000
/** ms for which a reconnect storm's session look-ups are gathered */
const GATHER_MS = 5

/**
 * Accepts or refuses a handshake before the upgrade, the cheap checks first: form and origin, then, with one query,
 * session (401), rights (403) and the number of sockets (429). For an accepted one the node is subscribed to the
 * socket's groups, so that it can join them at once.
 */
export const handshakePlugin = fp(
  async (app) => {
    const loader = new SessionLoader(app.liveDb, app.config.session, { gatherMs: GATHER_MS })
    app.decorateRequest('socketTarget', null)

    app.addHook('onRoute', (route) => {
      const live = route.config?.live
      const isSocket = 'websocket' in route && route.websocket === true
      if (isSocket && !live) throw new Error(`${route.url} is a socket without a guard (config.live)`)
      if (!live || !isSocket) return
      route.preValidation = [live.guard === 'staff' ? app.requireStaff : app.requireUser]
      route.preHandler = [(request) => admit(app, request, live)]
    })

    app.addHook('onRequest', async (request, reply) => {
      const live = request.routeOptions.config.live
      if (!live) return
      if (request.method !== 'GET') throw notFound('page')
      if (!request.ws) {
        const { upgrade } = request.headers
        if (upgrade !== undefined && !namesWebSocket(upgrade)) throw malformed('Upgrade must be "websocket".')
        reply.header('upgrade', 'websocket')
        throw new DomainError(426, 'upgrade_required', 'This is a socket: connect with a WebSocket.')
      }
      const orderId = checkSyntax(app, request, live)
      checkOrigin(app, request)
      await identify(app, loader, request, orderId)
    })
  },
  {
    name: 'handshake',
    fastify: '5.x',
    dependencies: [
      'config',
      'host-check',
      'websocket',
      'live',
      'session-cookie',
      'principal',
      'socket-limits',
    ],
  },
)

const malformed = (message: string) => new DomainError(400, 'malformed_handshake', message)

/** Returns the id of the order that the socket is about, if any. */
function checkSyntax(app: FastifyInstance, request: FastifyRequest, live: LiveRoute): number | null {
  const error = handshakeError(request.raw, app.maxHeaders)
  if (error) throw malformed(error)
  if (live.target === 'none') return null
  // the raw path: in the decoded one `%31` is a 1
  const parts = originFormPath(request.raw.url)?.replace(/\/$/, '').split('/')
  const orderId = readId(parts?.at(-1) ?? '')
  if (orderId === null) {
    throw new DomainError(400, 'malformed_id', 'An order’s id must be a positive whole number.')
  }
  return orderId
}

function checkOrigin(app: FastifyInstance, request: FastifyRequest): void {
  const { allowedHosts, allowedOrigins, isProduction } = app.config
  const rule = { allowedHosts, allowedOrigins, requireHttps: isProduction }
  if (!comesFromAllowedPage(request.raw, request.ownHost, rule)) throw originNotAllowed()
}

/** Looks the session up read-only, together with the order: a handshake doesn't prolong a session. */
async function identify(
  app: FastifyInstance,
  loader: SessionLoader,
  request: FastifyRequest,
  orderId: number | null,
): Promise<void> {
  const cookie = app.sessionCookie.read(request)
  if (cookie.kind !== 'token') return
  const found = await loader.load({ token: cookie.token, orderId }).catch((err: unknown) => {
    // fail closed, whatever the error: without a result no socket is admitted
    throw unavailable(new Error('session look-up failed', { cause: err }))
  })
  if (!found) return
  const { order, ...caller } = found
  request.caller = caller
  request.socketTarget = { orderId, order }
}

/** Runs after the route's guard. */
async function admit(app: FastifyInstance, request: FastifyRequest, live: LiveRoute): Promise<void> {
  const { principal } = app.callerOf(request)
  const { socketTarget: target } = request
  const groups = target ? live.groups(principal, target) : []
  if (groups.length === 0) throw forbidden()
  if (!(await app.socketLimits.reserve(request, principal.userId))) {
    throw tooMany(10, 'This user has too many open sockets.')
  }
  await Promise.all([
    app.socketLimits.countHandshake(request, principal.role === 'customer'),
    // a database or bus that hangs costs a handshake a bounded wait, then 503
    withDeadline(app.hub.prepare(groups), PREPARE_MS, unavailable),
  ])
  // `ws` sends the 101 next, then open-socket the greeting: as one write
  request.raw.socket.cork()
}
