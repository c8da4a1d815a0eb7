import fp from 'fastify-plugin'
import type { GateRoute } from '../../src/gate/gate-file.js'
import { GateSocket } from '../../src/gate/gate-socket.js'
import type { RouteGuard } from '../../src/gate/route-guard.js'
import type { LiveSession } from '../../src/gate/session-reader.js'
import { drain } from '../../src/live/drain.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Makes a socket that the watch knows, on hold and without connections yet. */
    watchSocket(options: NewGateSocket): GateSocket
    /** Forgets one that was never opened. */
    dropSocket(socket: GateSocket): void
    /** Counts it from now on, after it was opened. */
    keepSocket(socket: GateSocket): void
  }
}

export interface NewGateSocket {
  session: LiveSession
  guard: RouteGuard
  route: GateRoute
  parameters: Readonly<Record<string, string>>
}

const CHECK_EVERY_MS = 1000

/** The open sockets of the gate: their watch, their end, and the drain. */
export const gateSocketsPlugin = fp(
  async (app) => {
    const open = new Set<GateSocket>()
    const lingering = new Set<GateSocket>()
    const { maxPayloadBytes: maxMessageBytes } = app.serverConfig.sockets
    const onEnding = (socket: GateSocket) => {
      app.django.watch.remove(socket)
      open.delete(socket)
    }
    app.decorate('watchSocket', (options: NewGateSocket) => {
      const socket = new GateSocket({
        ...options,
        maxMessageBytes,
        onEnding,
        onClosed(closed, code) {
          lingering.delete(closed)
          app.audit.socketClosed(closed, code)
        },
      })
      app.django.watch.add(socket)
      return socket
    })
    app.decorate('dropSocket', onEnding)
    app.decorate('keepSocket', (socket: GateSocket) => {
      open.add(socket)
      lingering.add(socket)
    })
    const timer = setInterval(() => {
      const now = performance.now()
      for (const socket of lingering) socket.checkStalled(now)
    }, CHECK_EVERY_MS)
    app.metrics.gauge('sockets', 'Open sockets of this node', () => open.size)
    app.addHook('preClose', async () => {
      await drain({ connections: open, lingering }, app.serverConfig.drainSeconds * 1000)
      clearInterval(timer)
    })
  },
  {
    name: 'gate-sockets',
    fastify: '5.x',
    dependencies: ['server-config', 'metrics', 'audit', 'draining', 'django'],
  },
)
