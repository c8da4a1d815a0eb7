import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { DomainError, tooMany, unavailable } from '../../src/errors.js'
import { addressKey } from '../../src/http/client-address.js'
import { Refusals } from '../../src/limits/refusals.js'
import { UserSockets } from '../../src/limits/user-sockets.js'

declare module 'fastify' {
  interface FastifyInstance {
    socketLimits: {
      /** What is asked of every handshake first. Throws 503 while the node drains, 429 after too many refusals. */
      judge(request: FastifyRequest): void
      /** Notes a refused handshake. */
      refused(request: FastifyRequest, status: number, reason: string): Promise<void>
      /**
       * Counts a socket of this user until its connection ends; false when there are too many over all nodes.
       * Throws when the connection has ended meanwhile.
       */
      reserve(request: FastifyRequest, userId: number): Promise<boolean>
      /** places that a user holds on this node */
      count(userId: number): number
    }
  }
}

/** ms that a number is kept in Redis beyond the end of the longest session */
const KEPT_BEYOND_MS = 3_600_000

/**
 * What a client may cost before anybody looks at who it is: the existing front end comes back in a tight loop when
 * it is refused. Refusals are counted by session or, without a validly signed cookie, by address, so that one
 * client does not shut out the others behind the same address.
 */
export default fp(
  async (app) => {
    const { sockets, rateLimits, session } = app.config
    const refusals = new Refusals(sockets.maxRefusals, app.sharedStore)
    const keptMs = session.absoluteSeconds * 1000 + KEPT_BEYOND_MS
    const users = new UserSockets(randomUUID(), sockets.maxPerUser, keptMs, app.sharedStore)
    app.addHook('onClose', async () => users.close())
    const clientOf = (request: FastifyRequest) => {
      const cookie = app.sessionCookie.read(request)
      return cookie.kind === 'token' ? `session ${cookie.token}` : `address ${addressKey(request.ip)}`
    }

    app.addHook('onRequest', async (request) => {
      if (request.ws) app.socketLimits.judge(request)
    })

    // runs for refused handshakes only: an accepted one has no answer to send
    app.addHook('onSend', async (request, reply, payload) => {
      if (request.ws) await app.socketLimits.refused(request, reply.statusCode, reasonOf(payload))
    })

    app.decorate('socketLimits', {
      judge(request) {
        if (app.draining) throw unavailable()
        if (!rateLimits) return
        const wait = refusals.remainingMs(clientOf(request))
        if (wait > 0) throw tooMany(Math.ceil(wait / 1000), 'Too many refused handshakes just now.')
      },
      async refused(request, status, reason) {
        app.socketLog.rejected(request, status, reason)
        // a node that stops refuses everybody: that is not the clients' doing, and other nodes take them
        if (rateLimits && !app.draining) await refusals.add(clientOf(request))
      },
      count: (userId) => users.count(userId),
      async reserve({ raw: { socket } }, userId) {
        if (!(await users.reserve(userId))) return false
        // reset while it was looked at: its 'close' has been and will not come again
        if (socket.destroyed) {
          users.release(userId)
          throw new DomainError(400, 'malformed_handshake', 'The connection has ended.')
        }
        socket.once('close', () => users.release(userId))
        return true
      },
    })
  },
  {
    name: 'socket-limits',
    fastify: '5.x',
    dependencies: ['config', 'websocket', 'session-cookie', 'socket-log', 'shared-store', 'live'],
  },
)

/** The code of the refusal's body. */
function reasonOf(payload: unknown): string {
  if (typeof payload !== 'string') return 'refused'
  return /^\{"error":"([a-z_]+)"/.exec(payload)?.[1] ?? 'refused'
}
