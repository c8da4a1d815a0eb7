import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Caller } from '../src/accounts/sessions.js'
import { withoutPort } from '../src/http/client-address.js'
import { printable, printableOrigin, pseudonym } from '../src/logging.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** the caller before the handler ran: a logout removes it */
    askedBy: Caller | null
    /** the error code of the response */
    refusal: string | null
  }
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
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Writes one audit record per decision over HTTP: for every request to change something, and for every refusal, with
 * user, session (hashed), address, origin, resource, verdict and reason. The resource is the route's pattern: paths
 * contain seat tokens and session ids. Sockets have records of their own (socket-log).
 */
export const auditPlugin = fp(
  async (app) => {
    app.decorateRequest('askedBy', null)
    app.decorateRequest('refusal', null)
    app.addHook('preHandler', async (request) => {
      request.askedBy = request.caller
    })
    app.addHook('onSend', async (request, reply, payload) => {
      if (reply.statusCode < 400 || typeof payload !== 'string') return
      request.refusal = /^\{"error":"([a-z_]+)"/.exec(payload)?.[1] ?? null
    })
    app.addHook('onResponse', async (request, reply) => {
      const { url } = request.routeOptions
      const isRefused = reply.statusCode >= 400
      // unknown paths are no decision, and scanners request many
      if (request.ws || url === undefined || (SAFE.has(request.method) && !isRefused)) return
      const resource = `${request.method} ${url}`
      const name = NAMES[resource] ?? (isRefused ? 'REFUSE' : 'CHANGE')
      app.log.info(
        {
          ...who(request),
          address: printable(withoutPort(request.ip)),
          origin: printableOrigin(request.headers.origin),
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
  { name: 'audit', fastify: '5.x', dependencies: ['websocket', 'session-cookie'] },
)

function who(request: FastifyRequest) {
  const caller = request.caller ?? request.askedBy
  const account = accountOf(request)
  return {
    ...(caller ? { user: caller.principal.userId, session: pseudonym(caller.session.id) } : {}),
    ...(account === null ? {} : { account }),
  }
}

/** The user name of a login attempt, hashed: people type passwords into the wrong field. */
function accountOf({ routeOptions, body }: FastifyRequest): string | null {
  if (routeOptions.url !== '/api/auth/login' || typeof body !== 'object' || body === null) return null
  if (!('username' in body) || typeof body.username !== 'string') return null
  return pseudonym(body.username.normalize('NFKC').toLowerCase())
}

/** The numeric id in the path, of an order, theatre or user. Other parameters must not be logged. */
function targetOf({ params }: FastifyRequest): number | undefined {
  if (typeof params !== 'object' || params === null || !('id' in params)) return undefined
  return typeof params.id === 'string' && /^\d{1,10}$/.test(params.id) ? Number(params.id) : undefined
}
