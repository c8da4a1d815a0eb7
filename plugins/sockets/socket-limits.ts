import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { DomainError, tooMany, unavailable } from '../../src/errors.js'
import { addressKey } from '../../src/http/client-address.js'
import { HandshakeRate, SESSION_LIMIT } from '../../src/limits/handshake-rate.js'
import { secondsOf } from '../../src/limits/hit-counter.js'
import { Refusals } from '../../src/limits/refusals.js'
import type { SharedStore } from '../../src/limits/shared-store.js'
import { type UserId, UserSockets } from '../../src/limits/user-sockets.js'

declare module 'fastify' {
  interface FastifyInstance {
    socketLimits: {
      /**
       * The first check of every handshake. Throws 503 while the node drains, and 429 while the client is blocked: after
       * too many refusals or handshakes.
       */
      check(request: FastifyRequest): void
      /** Logs and counts a refused handshake. */
      recordRefusal(request: FastifyRequest, status: number, reason: string): Promise<void>
      /** Counts a handshake that is about to be accepted. Throws 429 after too many of the same session. */
      countHandshake(request: FastifyRequest, isCustomer: boolean): Promise<void>
      /**
       * Counts a socket of this user until its connection closes. Returns false at the limit over all nodes; throws
       * when the connection has closed meanwhile.
       */
      reserve(request: FastifyRequest, userId: UserId): Promise<boolean>
      /** the user's sockets on this node */
      count(userId: UserId): number
    }
  }
}

export interface SocketLimitsOptions {
  /** names the session of a request, as far as it is known without asking the database; null: not known to be one */
  sessionOf(request: FastifyRequest): string | null
  /**
   * May this request of a blocked client be of a session that is not known yet? Then it is let through to the look-up,
   * after which `check` is called again.
   */
  mayHoldSession?(request: FastifyRequest): boolean
  /** names the device that was signed in to before; null: none */
  deviceOf(request: FastifyRequest): string | null
  /** seconds that a session, and so a socket, may last */
  longestSession: number
  /** where all nodes count together; null: this node counts alone */
  store: SharedStore | null
}

/** ms that Redis keeps a count beyond the end of the longest session */
const KEEP_BEYOND_MS = 3_600_000
const TOO_MANY = 'Too many handshakes just now.'

/**
 * Bounds what a client costs before it is identified: clients that are refused may reconnect in a tight loop.
 * Refusals are counted per session or marked device or, without a validly signed cookie, per address, so that one client
 * doesn't block the others behind the same address.
 */
export const socketLimitsPlugin = fp<SocketLimitsOptions>(
  async (app, { sessionOf, deviceOf, mayHoldSession, longestSession, store }) => {
    const { sockets, rateLimits } = app.serverConfig
    const refusals = new Refusals(sockets.maxRefusals, app.refusalCounter)
    const rate = new HandshakeRate(app.handshakeCounter)
    const keepMs = longestSession * 1000 + KEEP_BEYOND_MS
    const users = new UserSockets(randomUUID(), sockets.maxPerUser, keepMs, store)
    app.addHook('onClose', async () => users.close())
    const addressOf = (request: FastifyRequest) => `address ${addressKey(request.ip)}`
    const clientOf = (request: FastifyRequest) =>
      sessionOf(request) ?? deviceOf(request) ?? addressOf(request)

    app.addHook('onRequest', async (request) => {
      if (request.ws) app.socketLimits.check(request)
    })

    // runs for refused handshakes only: an accepted one has no response to send
    app.addHook('onSend', async (request, reply, payload) => {
      if (request.ws) await app.socketLimits.recordRefusal(request, reply.statusCode, reasonOf(payload))
    })

    app.decorate('socketLimits', {
      check(request) {
        if (app.draining) throw unavailable()
        if (!rateLimits) return
        const blockedMs = refusals.blockedMs(clientOf(request))
        if (blockedMs > 0 && !mayHoldSession?.(request)) throw tooMany(secondsOf(blockedMs), TOO_MANY)
      },
      async recordRefusal(request, status, reason) {
        app.audit.socketRefused(request, status, reason)
        // a draining node refuses all: not the clients' fault, and other nodes accept them
        if (!rateLimits || app.draining) return
        const session = sessionOf(request)
        const client = clientOf(request)
        if (refusals.blockedMs(client) > 0) return
        await refusals.add(client)
        // a refused handshake is a handshake too, unless WS_REFUSALS allows more of them
        if (session === null || sockets.maxRefusals > SESSION_LIMIT) return
        const waitMs = await rate.add({ client: session, guestAddress: null })
        if (waitMs > 0) refusals.block(session, waitMs)
      },
      async countHandshake(request, isCustomer) {
        if (!rateLimits) return
        const client = clientOf(request)
        const waitMs = await rate.add({ client, guestAddress: isCustomer ? addressKey(request.ip) : null })
        if (waitMs === 0) return
        refusals.block(client, waitMs)
        throw tooMany(secondsOf(waitMs), TOO_MANY)
      },
      count: (userId) => users.count(userId),
      async reserve({ raw: { socket } }, userId) {
        if (!(await users.reserve(userId))) return false
        // reset meanwhile: its 'close' was emitted before the listener below
        if (socket.destroyed) {
          users.release(userId)
          throw new DomainError(400, 'malformed_handshake', 'The connection has closed.')
        }
        socket.on('close', () => users.release(userId))
        return true
      },
    })
  },
  {
    name: 'socket-limits',
    fastify: '5.x',
    dependencies: ['server-config', 'websocket', 'audit', 'hit-counter', 'draining'],
  },
)

/** The error code of the refusal's body. */
function reasonOf(payload: unknown): string {
  if (typeof payload !== 'string') return 'refused'
  return /^\{"error":"([a-z_]+)"/.exec(payload)?.[1] ?? 'refused'
}
