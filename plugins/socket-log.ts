import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { withoutPort } from '../src/http/client-address.js'
import { hashed, shown } from '../src/http/log-text.js'
import { CloseCode } from '../src/live/close-codes.js'
import type { Connection } from '../src/live/connection.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** one record per decision about a socket: who, from where, to what, the verdict and why */
    socketLog: {
      connected(request: FastifyRequest, connection: Connection): void
      rejected(request: FastifyRequest, status: number, reason: string): void
      closed(connection: Connection, code: number): void
    }
  }
}

/** Clients choose among thousands of codes, and each would be a series of its own. 1005, 1006: no close frame came. */
const KNOWN_CODES: ReadonlySet<number> = new Set([...Object.values(CloseCode), 1005, 1006])

export default fp(
  async (app) => {
    app.decorate('socketLog', {
      connected(request, connection) {
        app.metrics.handshakes.inc({ verdict: 'accepted', reason: 'none' })
        const { sessionId, principal } = connection.admission
        const wire = connection.wire.name
        app.log.info(
          {
            ...about(request),
            connection: connection.id,
            user: principal.userId,
            session: hashed(sessionId),
            wire,
          },
          'WSCONNECT',
        )
      },
      rejected(request, status, reason) {
        app.metrics.handshakes.inc({ verdict: 'refused', reason })
        const { caller } = request
        const who = caller ? { user: caller.principal.userId, session: hashed(caller.session.id) } : {}
        app.log.info({ ...about(request), ...who, status, reason }, 'WSREJECT')
      },
      closed(connection, code) {
        app.metrics.closes.inc({ code: KNOWN_CODES.has(code) ? code : 'other' })
        const { sessionId, principal } = connection.admission
        const seconds = Math.round((performance.now() - connection.openedAt) / 100) / 10
        app.log.info(
          { connection: connection.id, user: principal.userId, session: hashed(sessionId), code, seconds },
          'WSDISCONNECT',
        )
      },
    })
  },
  { name: 'socket-log', fastify: '5.x', dependencies: ['metrics', 'session-cookie'] },
)

function about(request: FastifyRequest) {
  // the path of a socket as it was asked for, never its query, where old clients still send an API key; of all else
  // the route's pattern: other paths may hold a seat's token or a session's id
  const path = request.raw.url?.split(/[?#;]/, 1)[0] ?? ''
  const resource = path.startsWith('/ws/') ? path : (request.routeOptions.url ?? 'no route')
  return {
    address: shown(withoutPort(request.ip)),
    origin: shown(request.headers.origin),
    resource: shown(resource),
  }
}
