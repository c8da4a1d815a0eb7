import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { tooMany, unavailable } from '../src/errors.js'
import { WindowCounter } from '../src/http/window-counter.js'

declare module 'fastify' {
  interface FastifyInstance {
    socketLimits: {
      /** Counts a socket of this user until its connection ends; false when there are too many. */
      reserve(request: FastifyRequest, userId: number): boolean
    }
  }
}

const REFUSAL_WINDOW_MS = 10_000

/**
 * What a client may cost before anybody looks at who it is: the existing front end comes back in a tight loop when
 * it is refused. Refusals are counted by session or, without a validly signed cookie, by address, so that one
 * client does not shut out the others behind the same address.
 */
export default fp(
  async (app) => {
    const { sockets, rateLimits } = app.config
    const refusals = new WindowCounter(REFUSAL_WINDOW_MS)
    const open = new Map<number, number>()
    const keyOf = (request: FastifyRequest) => {
      const cookie = app.sessionCookie.read(request)
      return cookie.kind === 'token' ? `session ${cookie.token}` : `address ${request.ip}`
    }

    app.addHook('onRequest', async (request) => {
      if (!request.ws) return
      if (app.draining) throw unavailable()
      if (!rateLimits) return
      const key = keyOf(request)
      if (refusals.count(key) < sockets.maxRefusals) return
      throw tooMany(
        Math.max(1, Math.ceil(refusals.remainingMs(key) / 1000)),
        'Too many refused handshakes just now.',
      )
    })

    // runs for refused handshakes only: an accepted one has no answer to send
    app.addHook('onSend', async (request, reply, payload) => {
      if (!request.ws) return
      refusals.add(keyOf(request))
      app.socketLog.rejected(request, reply.statusCode, reasonOf(payload))
    })

    app.decorate('socketLimits', {
      reserve(request, userId) {
        const count = open.get(userId) ?? 0
        if (count >= sockets.maxPerUser) return false
        open.set(userId, count + 1)
        request.raw.socket.once('close', () => {
          const left = (open.get(userId) ?? 1) - 1
          if (left > 0) open.set(userId, left)
          else open.delete(userId)
        })
        return true
      },
    })
  },
  {
    name: 'socket-limits',
    fastify: '5.x',
    dependencies: ['config', 'websocket', 'session-cookie', 'socket-log'],
  },
)

/** The code of the refusal's body. */
function reasonOf(payload: unknown): string {
  if (typeof payload !== 'string') return 'refused'
  return /^\{"error":"([a-z_]+)"/.exec(payload)?.[1] ?? 'refused'
}
