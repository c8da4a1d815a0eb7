import type { FastifyPluginAsync } from 'fastify'
import { legacyChatRoutes } from './chat.js'
import { legacyOrdersRoutes } from './orders.js'

/** The HTTP calls of the theatres' existing pages. */
export const legacyRoutes: FastifyPluginAsync = async (app) => {
  await app.register(legacyOrdersRoutes)
  await app.register(legacyChatRoutes)
}
