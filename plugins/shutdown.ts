import type { Socket } from 'node:net'
import fp from 'fastify-plugin'

/** ms that accepted requests have to be answered once the sockets are gone; then everything is cut */
const GRACE_MS = 5000
/** ms in which a connection that was taken just before brings its request */
const FIRST_REQUEST_MS = 200

/**
 * Ends the connections that would hold up the end of the service: Node stops to look after slow and silent ones as
 * soon as the server closes. Requests that were accepted are answered.
 */
export default fp(
  async (app) => {
    const { server } = app
    const open = new Map<Socket, number>()
    const requests = new Map<Socket, number>()
    const known = new WeakSet<Socket>()
    server.on('connection', (socket: Socket) => {
      open.set(socket, performance.now())
      socket.once('close', () => {
        open.delete(socket)
        // those that still waited for their turn are never answered
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
    // after the drain, which is the hook of the plugin before
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
  { name: 'shutdown', fastify: '5.x', dependencies: ['live'] },
)
