import type { Socket } from 'node:net'
import fp from 'fastify-plugin'

/** ms for accepted requests to finish once the sockets are closed; then all connections are destroyed */
const GRACE_MS = 5000
/** ms for the first request of a connection that was just accepted: on a busy machine proxy and node both take their time */
const FIRST_REQUEST_MS = 1000

/**
 * Closes the connections that would delay the shutdown: Node stops checking slow and idle ones once the server closes.
 * Accepted requests are finished.
 */
export const shutdownPlugin = fp(
  async (app) => {
    const { server } = app
    const open = new Map<Socket, number>()
    const requests = new Map<Socket, number>()
    const known = new WeakSet<Socket>()
    server.on('connection', (socket: Socket) => {
      open.set(socket, performance.now())
      socket.on('close', () => {
        open.delete(socket)
        // queued requests will have no response
        requests.delete(socket)
      })
    })
    server.prependListener('request', ({ socket }, response) => {
      requests.set(socket, (requests.get(socket) ?? 0) + 1)
      known.add(socket)
      response.once('close', () => {
        const left = (requests.get(socket) ?? 1) - 1
        if (left > 0) requests.set(socket, left)
        else requests.delete(socket)
      })
    })
    let cut: NodeJS.Timeout | undefined
    // after the drain, which is an earlier plugin's hook
    app.addHook('preClose', async () => {
      const isNew = ([socket, since]: [Socket, number]) =>
        !known.has(socket) && performance.now() - since < FIRST_REQUEST_MS
      while ([...open].some(isNew)) await new Promise((resolve) => setTimeout(resolve, 10))
      for (const socket of open.keys()) if (!requests.has(socket)) socket.destroy()
      cut = setTimeout(() => {
        for (const socket of open.keys()) socket.destroy()
      }, GRACE_MS)
    })
    app.addHook('onClose', async () => clearTimeout(cut))
  },
  { name: 'shutdown', fastify: '5.x', dependencies: ['draining'] },
)
