import { Server } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** true once nothing more is accepted */
    draining: boolean
    /** Calls back when `draining` becomes true. */
    onDrain(listener: () => void): void
  }
}

/** ms a busy node waits at most for a moment without new connections before it stops accepting */
const QUIET_WITHIN_MS = 6000
/** ms between looks for such a moment, and ms that a look may take: one that is not interrupted takes a third of it */
const LOOK_EVERY_MS = 2
const LOOK_MS = 0.03
/** looks in succession without a new connection: time for a proxy to see that this node has more open requests than others */
const QUIET_LOOKS = 8
/** ms for which a request waits at most for the node to have stopped accepting */
const HOLD_MS = 250

/** The beginning of a shutdown: says so, then stops accepting connections. Who has sockets closes them in a later hook. */
export const drainingPlugin = fp(
  async (app) => {
    app.decorate('draining', false)
    const listeners = new Set<() => void>()
    app.decorate('onDrain', (listener) => void listeners.add(listener))
    let released: Promise<unknown> | undefined
    app.addHook('onRequest', async () => {
      if (released) await released
    })
    app.addHook('preClose', async () => {
      app.draining = true
      for (const listener of listeners) listener()
      const stopped = stopAccepting(app.server)
      released = Promise.race([stopped, setTimeout(HOLD_MS)])
      await stopped
    })
  },
  { name: 'draining', fastify: '5.x' },
)

/**
 * Closing resets connections that the kernel has accepted and Node has not, with the requests on them. So this closes
 * right after a look at the kernel's queue that found nothing and took no time: in the middle of other work, or of other
 * processes', some would have arrived since. It looks after a sleep, when the scheduler has no reason to interrupt.
 * Meanwhile requests are held, so that a proxy which prefers nodes with few of them (`least_conn`) sends new ones
 * elsewhere. After `QUIET_WITHIN_MS` it closes anyway. Accepted requests are finished.
 */
async function stopAccepting(server: Server): Promise<void> {
  const giveUpAt = performance.now() + QUIET_WITHIN_MS
  await rehearseClose()
  let arrived = 0
  let quietLooks = 0
  server.on('connection', () => {
    arrived++
    quietLooks = 0
  })
  for (let isClosed = false; !isClosed; ) {
    await setTimeout(LOOK_EVERY_MS)
    await new Promise((resolve) => setImmediate(resolve))
    arrived = 0
    const startedAt = performance.now()
    isClosed = await new Promise<boolean>((resolve) =>
      setImmediate(() => {
        const now = performance.now()
        const isQuiet = arrived === 0 && now - startedAt < LOOK_MS && quietLooks++ >= QUIET_LOOKS
        const closes = isQuiet || now > giveUpAt
        // Not the HTTP server's own close, which destroys every connection whose first request is still arriving.
        if (closes) Server.prototype.close.call(server)
        resolve(closes)
      }),
    )
  }
}

/** Closing for the first time takes three times as long, while the functions are compiled. */
async function rehearseClose(): Promise<void> {
  const server = new Server()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await new Promise((resolve) => server.close(resolve))
}
