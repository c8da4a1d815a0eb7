import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { withoutPort } from '../../src/http/client-address.js'
import { readId } from '../../src/http/request-target.js'
import type { Connection } from '../../src/live/socket/connection.js'
import { printable, printableOrigin, pseudonym } from '../../src/logging.js'
import { CloseCode } from '../../src/protocol/close-codes.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** one audit record per decision about a socket: user, address, resource, verdict, reason */
    socketLog: {
      connected(request: FastifyRequest, connection: Connection): void
      rejected(request: FastifyRequest, status: number, reason: string): void
      closed(connection: Connection, code: number): void
    }
  }
}

/** Clients may send thousands of codes, each of which would be a time series. 1005, 1006: no close frame arrived. */
const KNOWN_CODES: ReadonlySet<number> = new Set([...Object.values(CloseCode), 1005, 1006])

export const socketLogPlugin = fp(
  async (app) => {
    app.decorate('socketLog', {
      connected(request, connection) {
        app.metrics.handshakes.inc({ verdict: 'accepted', reason: 'none' })
        const { sessionId, principal } = connection.admission
        app.log.info(
          {
            ...about(request),
            connection: connection.id,
            user: principal.userId,
            session: pseudonym(sessionId),
          },
          'WSCONNECT',
        )
      },
      rejected(request, status, reason) {
        app.metrics.handshakes.inc({ verdict: 'refused', reason })
        const { caller } = request
        const who = caller ? { user: caller.principal.userId, session: pseudonym(caller.session.id) } : {}
        app.log.info({ ...about(request), ...who, status, reason }, 'WSREJECT')
      },
      closed(connection, code) {
        app.metrics.closes.inc({ code: KNOWN_CODES.has(code) ? code : 'other' })
        const { sessionId, principal } = connection.admission
        const seconds = Math.round((performance.now() - connection.openedAt) / 100) / 10
        app.log.info(
          { connection: connection.id, user: principal.userId, session: pseudonym(sessionId), code, seconds },
          'WSDISCONNECT',
        )
      },
    })
  },
  { name: 'socket-log', fastify: '5.x', dependencies: ['metrics', 'session-cookie'] },
)

function about(request: FastifyRequest) {
  return {
    address: printable(withoutPort(request.ip)),
    origin: printableOrigin(request.headers.origin),
    resource: resourceOf(request),
  }
}

/**
 * The route's pattern, with the order's id and nothing else of the path: clients may put a key or a phone number there,
 * and paths of other routes contain seat tokens and session ids.
 */
function resourceOf({ routeOptions, params }: FastifyRequest): string {
  const { url = 'no route' } = routeOptions
  if (typeof params !== 'object' || params === null || !('orderId' in params)) return url
  const id = typeof params.orderId === 'string' ? readId(params.orderId) : null
  return id === null ? url : url.replace(':orderId', String(id))
}
