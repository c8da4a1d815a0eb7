import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { LiveRoute, SocketTarget } from '../../src/access/socket-access.js'
import { HandshakeLoader } from '../../src/accounts/handshake-loader.js'
import type { LiveSession } from '../../src/accounts/sessions.js'
import { DomainError, forbidden, notFound, tooMany, unavailable } from '../../src/errors.js'
import { handshakeError, namesWebSocket } from '../../src/http/handshake.js'
import { isAllowedOrigin } from '../../src/http/origins.js'
import { originFormPath, readId } from '../../src/http/request-target.js'
import type { GroupName } from '../../src/protocol/groups.js'

/** A handshake that was let in: what the socket's handler attaches to the hub. */
export interface Admitted {
  session: LiveSession
  target: SocketTarget
  groups: GroupName[]
}

declare module 'fastify' {
  interface FastifyContextConfig {
    live?: LiveRoute
  }
  interface FastifyRequest {
    /** the live session of a handshake, read without a trace */
    handshake: (LiveSession & { target: SocketTarget }) | null
    admitted: Admitted | null
  }
}

/** ms that hearing the groups may take */
const PREPARE_MS = 3000

/**
 * Judges a handshake before the upgrade, the cheap questions first: form and origin, then, with one query, session
 * (401), rights (403) and the number of sockets (429). What is let in is ready to join: its groups are heard here.
 */
export default fp(
  async (app) => {
    const loader = new HandshakeLoader(app.liveDb, app.config.session)
    app.decorateRequest('handshake', null)
    app.decorateRequest('admitted', null)

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
        if (upgrade !== undefined && !namesWebSocket(upgrade)) throw malformed('Upgrade names "websocket".')
        reply.header('upgrade', 'websocket')
        throw new DomainError(426, 'upgrade_required', 'This is a socket: connect with a WebSocket.')
      }
      const orderId = judgeForm(app, request, live)
      judgeOrigin(app, request)
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

const malformed = (fault: string) => new DomainError(400, 'malformed_handshake', fault)

function judgeForm(app: FastifyInstance, request: FastifyRequest, live: LiveRoute): number | null {
  const fault = handshakeError(request.raw, app.maxHeaders)
  if (fault) throw malformed(fault)
  if (live.target === 'none') return null
  // the raw text: decoded, `%31` would be a 1
  const parts = originFormPath(request.raw.url)?.replace(/\/$/, '').split('/')
  const orderId = readId(parts?.at(-1) ?? '')
  if (orderId === null) throw new DomainError(400, 'malformed_id', 'An order’s id is a whole number from 1.')
  return orderId
}

function judgeOrigin(app: FastifyInstance, request: FastifyRequest): void {
  const { allowedHosts, allowedOrigins, isProduction } = app.config
  const { rawHeaders } = request.raw
  const origins: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === 'origin') origins.push(rawHeaders[i + 1] ?? '')
  }
  const rule = { allowedHosts, allowedOrigins, requireHttps: isProduction }
  const site = request.headers['sec-fetch-site']
  const isListed = origins.length === 1 && allowedOrigins.includes(origins[0] ?? '')
  const isOwn = site === undefined || site === 'same-origin' || isListed
  if (!isOwn || !request.ownHost || !isAllowedOrigin(origins, request.ownHost, rule)) {
    throw new DomainError(403, 'origin_not_allowed', 'Pages of this origin can’t listen here.')
  }
}

async function identify(
  app: FastifyInstance,
  loader: HandshakeLoader,
  request: FastifyRequest,
  orderId: number | null,
): Promise<void> {
  const cookie = app.sessionCookie.read(request)
  if (cookie.kind !== 'token') return
  const session = await loader.load({ token: cookie.token, orderId }).catch((err: unknown) => {
    // whatever failed: without an answer nobody is let in, and it is not the client who is at fault
    app.log.error({ err }, 'sessions can’t be read')
    throw unavailable()
  })
  if (!session) return
  request.handshake = { ...session, target: { orderId, order: session.order } }
  request.caller = session
}

async function admit(app: FastifyInstance, request: FastifyRequest, live: LiveRoute): Promise<void> {
  const session = request.handshake
  if (!session) throw new Error('admitted without a session')
  const { target } = session
  const groups = live.groups(session.principal, target)
  if (groups.length === 0) throw forbidden()
  if (!(await app.socketLimits.reserve(request, session.principal.userId))) {
    throw tooMany(10, 'This user has too many sockets open.')
  }
  await inTime(app.hub.prepare(groups))
  request.admitted = { session, target, groups }
  // `ws` answers 101 next, and the greeting follows: one write, see open-socket
  request.raw.socket.cork()
}

/** A database or a bus that hangs costs a handshake a bounded wait, and then a 503. */
function inTime(work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(unavailable()), PREPARE_MS)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
