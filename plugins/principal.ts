import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { ClientInfo } from '../src/accounts/session-writes.js'
import { type Caller, onBehalfOf } from '../src/accounts/sessions.js'
import { forbidden, unauthenticated } from '../src/errors.js'
import type { ActionContext } from '../src/events/commit.js'
import { withoutPort } from '../src/http/client-address.js'
import type { Role } from '../src/principal.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** preValidation hook: 401 without a live session */
    requireUser(request: FastifyRequest): Promise<void>
    /** preValidation hook: 401 without a live session, 403 but for staff and admins */
    requireStaff(request: FastifyRequest): Promise<void>
    /** preValidation hook: 401 without a live session, 403 but for admins */
    requireAdmin(request: FastifyRequest): Promise<void>
    /** The caller, behind one of the hooks above. Throws 401 without one. */
    callerOf(request: FastifyRequest): Caller
    /** What actions need, on behalf of the caller: they commit nothing once the caller's rights have ended. */
    actionContextOf(request: FastifyRequest): ActionContext
    /** The client, as the list of sessions shows it. */
    clientOf(request: FastifyRequest): ClientInfo
  }
}

function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw unauthenticated()
  return request.caller
}

function clientOf(request: FastifyRequest): ClientInfo {
  return { ip: withoutPort(request.ip), userAgent: request.headers['user-agent'] ?? '' }
}

const requireRole =
  (...roles: Role[]) =>
  async (request: FastifyRequest) => {
    if (!roles.includes(callerOf(request).principal.role)) throw forbidden()
  }

/** The guards of routes, for HTTP and sockets alike: they check `request.caller`. */
export const principalPlugin = fp(
  async (app) => {
    app.decorate('requireUser', requireRole('customer', 'staff', 'admin'))
    app.decorate('requireStaff', requireRole('staff', 'admin'))
    app.decorate('requireAdmin', requireRole('admin'))
    app.decorate('callerOf', callerOf)
    app.decorate('actionContextOf', (request) => ({
      ...app.actionContext,
      onBehalf: onBehalfOf(callerOf(request)),
    }))
    app.decorate('clientOf', clientOf)
  },
  { name: 'principal', fastify: '5.x', dependencies: ['session-cookie', 'live'] },
)
