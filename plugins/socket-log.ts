import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
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

/** Long enough for every honest value, too short to fill a disk. */
const SHOWN = 200

export default fp(
  async (app) => {
    const about = (request: FastifyRequest) => ({
      address: request.ip,
      origin: shown(request.headers.origin),
      // without the query: old clients still send an API key there
      resource: shown(request.raw.url?.split(/[?#]/, 1)[0]),
    })
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
        app.log.info({ ...about(request), status, reason }, 'WSREJECT')
      },
      closed(connection, code) {
        app.metrics.closes.inc({ code })
        const { sessionId, principal } = connection.admission
        const seconds = Math.round((performance.now() - connection.openedAt) / 100) / 10
        app.log.info(
          { connection: connection.id, user: principal.userId, session: hashed(sessionId), code, seconds },
          'WSDISCONNECT',
        )
      },
    })
  },
  { name: 'socket-log', fastify: '5.x', dependencies: ['metrics'] },
)

/** The same session is the same word in every line, and the word opens and ends nothing. */
function hashed(sessionId: string): string {
  return createHash('sha256').update(sessionId).digest('hex').slice(0, 16)
}

function shown(text: string | undefined): string | undefined {
  return text?.slice(0, SHOWN).replace(/[^\x20-\x7e]/g, '?')
}
