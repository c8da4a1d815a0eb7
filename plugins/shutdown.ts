import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import fp from 'fastify-plugin'

/** ms for accepted requests to finish once the sockets are closed; then all connections are destroyed */
const GRACE_MS = 5000
/** ms for the first request of a connection that was just accepted: on a busy machine proxy and node both take their time */
const FIRST_REQUEST_MS = 1000
/** ms for the next request of a connection that a proxy was told to keep: longer than deploy/nginx.conf keeps one that is idle */
const NEXT_REQUEST_MS = 2000
/** ms between two looks */
const LOOK_MS = 10

interface Connection {
  /** when it was accepted, or its last response ended; of performance.now() */
  since: number
  hasAsked: boolean
  /** accepted requests whose responses have not ended yet */
  pending: number
}

/**
 * Closes all connections once no request can be on its way on them. Accepted requests are finished: until they are, Node's
 * own close is not called, which destroys connections whose last bytes are still to be sent.
 */
export const shutdownPlugin = fp(
  async (app) => {
    const { server, serverConfig } = app
    const open = new Map<Socket, Connection>()
    server.on('connection', (socket: Socket) => {
      open.set(socket, { since: performance.now(), hasAsked: false, pending: 0 })
      socket.on('close', () => open.delete(socket))
    })
    server.prependListener('request', ({ socket }, response) => {
      const connection = open.get(socket)
      if (!connection) return
      connection.hasAsked = true
      connection.pending++
      response.once('close', () => {
        connection.pending--
        connection.since = performance.now()
      })
    })

    // without a lame duck, as in development, idle connections are closed at once
    const nextRequestMs = Math.min(serverConfig.lameDuckSeconds * 1000, NEXT_REQUEST_MS)
    const isOver = ({ since, hasAsked, pending }: Connection) =>
      pending === 0 && performance.now() - since >= (hasAsked ? nextRequestMs : FIRST_REQUEST_MS)
    // after the drain, which is an earlier plugin's hook
    app.addHook('preClose', async () => {
      const endsAt = performance.now() + GRACE_MS
      while (open.size > 0) {
        const isLate = performance.now() >= endsAt
        for (const [socket, connection] of open) if (isLate || isOver(connection)) socket.destroy()
        await setTimeout(LOOK_MS)
      }
    })
  },
  { name: 'shutdown', fastify: '5.x', dependencies: ['server-config', 'lame-duck', 'draining'] },
)
