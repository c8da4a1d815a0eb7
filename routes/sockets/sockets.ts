import type { FastifyPluginAsync } from 'fastify'
import { orderGroups, staffChatGroups, staffOrderGroups } from '../../src/access/socket-access.js'

/**
 * The three sockets, as data: who may connect, and which groups they receive. The paths are those of the system that this
 * service replaces; the trailing slash is optional.
 */
export const socketRoutes: FastifyPluginAsync = async (app) => {
  app.get(
    '/ws/all-seat-datasocket/',
    {
      websocket: true,
      config: { live: { target: 'none', guard: 'staff', groups: staffOrderGroups, presence: true } },
    },
    app.openSocket,
  )
  app.get(
    '/ws/payment-socket/:orderId/',
    { websocket: true, config: { live: { target: 'order', guard: 'user', groups: orderGroups } } },
    app.openSocket,
  )
  app.get(
    '/ws/chat-socket/',
    {
      websocket: true,
      config: { live: { target: 'none', guard: 'staff', groups: staffChatGroups, chat: true } },
    },
    app.openSocket,
  )
}
