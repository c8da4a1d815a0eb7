import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Caller } from '../src/accounts/sessions.js'
import { withoutPort } from '../src/http/client-address.js'
import { readId } from '../src/http/request-target.js'
import { printable, printableOrigin, pseudonym } from '../src/logging.js'
import { CloseCode } from '../src/protocol/close-codes.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** writes the audit records of sockets; those of HTTP requests are written by hooks */
    audit: {
      socketOpened(request: FastifyRequest, socket: AuditedSocket): void
      socketRefused(request: FastifyRequest, status: number, reason: string): void
      socketClosed(socket: AuditedSocket, code: number): void
    }
  }
  interface FastifyRequest {
    /** the caller before the handler ran: a logout removes it */
    initialCaller: Caller | null
    /** the error code of the response */
    refusal: string | null
  }
}

export interface AuditedSocket {
  /** names the connection in the log */
  readonly id: string
  /** performance.now() */
  readonly openedAt: number
  readonly owner: Identity
}

/** Who asks. The session's id is logged as a pseudonym. */
export interface Identity {
  userId: number | string
  sessionId: string
}

export interface AuditOptions {
  /** whose request it is, as far as is known; by default the caller */
  identityOf?(request: FastifyRequest): Identity | null
}

/** The names of records about accounts and sessions, accepted or refused. */
const NAMES: Record<string, string> = {
  'POST /api/auth/login': 'LOGIN',
  'POST /api/auth/guest': 'GUEST',
  'POST /api/auth/logout': 'LOGOUT',
  'POST /api/auth/password': 'PASSWORD',
  'DELETE /api/auth/sessions': 'REVOKE',
  'DELETE /api/auth/sessions/:id': 'REVOKE',
  'POST /api/users': 'USERCREATE',
  'PATCH /api/users/:id': 'USERCHANGE',
  'POST /api/theatres/:id/staff': 'USERCREATE',
  'PATCH /api/theatres/:id/staff/:userId': 'USERCHANGE',
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Clients may send thousands of codes, each of which would be a time series. 1005, 1006: no close frame arrived. */
const KNOWN_CODES: ReadonlySet<number> = new Set([...Object.values(CloseCode), 1005, 1006])

/**
 * Writes one audit record per access decision: for every request to change something, every refusal, and the opening and
 * end of every socket, with the id of the request, user, session (hashed), address, origin, resource, verdict and
 * reason. The resource is the route's pattern: paths contain seat tokens and session ids.
 */
export const auditPlugin = fp<AuditOptions>(
  async (app, { identityOf = callerOf }) => {
    const who = (request: FastifyRequest) => ({ ...shown(identityOf(request)), ...accountOf(request) })
    app.decorate('audit', socketAudit(app, who))
    app.decorateRequest('initialCaller', null)
    app.decorateRequest('refusal', null)
    app.addHook('preHandler', async (request) => {
      request.initialCaller = request.caller
    })
    app.addHook('onSend', async (request, reply, payload) => {
      if (reply.statusCode < 400 || typeof payload !== 'string') return
      request.refusal = /^\{"error":"([a-z_]+)"/.exec(payload)?.[1] ?? null
    })
    app.addHook('onResponse', async (request, reply) => {
      const { url } = request.routeOptions
      const isRefused = reply.statusCode >= 400
      // unknown paths involve no access decision, and scanners request many
      if (request.ws || url === undefined || (SAFE.has(request.method) && !isRefused)) return
      const resource = `${request.method} ${url}`
      const name = NAMES[resource] ?? (isRefused ? 'REFUSE' : 'CHANGE')
      request.log.info(
        {
          ...who(request),
          ...from(request),
          resource,
          target: targetOf(request),
          verdict: isRefused ? 'refused' : 'accepted',
          status: reply.statusCode,
          reason: request.refusal ?? undefined,
        },
        name,
      )
    })
  },
  { name: 'audit', fastify: '5.x', dependencies: ['websocket', 'metrics'] },
)

function socketAudit(
  app: FastifyInstance,
  who: (request: FastifyRequest) => object,
): FastifyInstance['audit'] {
  // with the socket's last line too
  const requestOf = new WeakMap<AuditedSocket, string>()
  return {
    socketOpened(request, socket) {
      requestOf.set(socket, request.id)
      app.metrics.handshakes.inc({ verdict: 'accepted', reason: 'none' })
      request.log.info({ ...from(request), resource: socketOf(request), ...ownerOf(socket) }, 'WSCONNECT')
    },
    socketRefused(request, status, reason) {
      app.metrics.handshakes.inc({ verdict: 'refused', reason })
      request.log.info(
        { ...from(request), resource: socketOf(request), ...who(request), status, reason },
        'WSREJECT',
      )
    },
    socketClosed(socket, code) {
      app.metrics.closes.inc({ code: KNOWN_CODES.has(code) ? code : 'other' })
      const seconds = Math.round((performance.now() - socket.openedAt) / 100) / 10
      app.log.info({ reqId: requestOf.get(socket), ...ownerOf(socket), code, seconds }, 'WSDISCONNECT')
    },
  }
}

function from({ ip, headers }: FastifyRequest) {
  return { address: printable(withoutPort(ip)), origin: printableOrigin(headers.origin) }
}

const ownerOf = ({ id, owner }: AuditedSocket) => ({ connection: id, ...shown(owner) })

const shown = (identity: Identity | null) =>
  identity && { user: identity.userId, session: pseudonym(identity.sessionId) }

/**
 * The socket route's pattern with the order's id filled in, and nothing else of the path: clients may put a key or a
 * phone number there.
 */
function socketOf({ routeOptions, params }: FastifyRequest): string {
  const { url = 'no route' } = routeOptions
  if (typeof params !== 'object' || params === null || !('orderId' in params)) return url
  const id = typeof params.orderId === 'string' ? readId(params.orderId) : null
  return id === null ? url : url.replace(':orderId', String(id))
}

function callerOf(request: FastifyRequest): Identity | null {
  const caller = request.caller ?? request.initialCaller
  return caller && { userId: caller.principal.userId, sessionId: caller.session.id }
}

/** The user name of a login attempt, hashed: people type passwords into the wrong field. */
function accountOf({ routeOptions, body }: FastifyRequest): { account: string } | null {
  if (routeOptions.url !== '/api/auth/login' || typeof body !== 'object' || body === null) return null
  if (!('username' in body) || typeof body.username !== 'string') return null
  return { account: pseudonym(body.username.normalize('NFKC').toLowerCase()) }
}

/** The numeric id in the path, of an order, theatre or, before all others, user. Other parameters must not be logged. */
function targetOf({ params }: FastifyRequest): number | undefined {
  if (typeof params !== 'object' || params === null) return undefined
  const id: unknown = 'userId' in params ? params.userId : 'id' in params ? params.id : undefined
  return typeof id === 'string' && /^\d{1,10}$/.test(id) ? Number(id) : undefined
}
