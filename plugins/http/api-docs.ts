import type { RouteOptions } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** the calls that /docs describes: without pages, sockets and the documentation itself */
    describedRoutes: readonly RouteOptions[]
  }
}

const DESCRIBED = /^\/(?:api|webhooks|healthz|readyz|metrics)/

/** Collects the calls for /docs, which describes them when asked: few starts need that. Registered before the routes. */
export const apiDocsPlugin = fp(
  async (app) => {
    const routes: RouteOptions[] = []
    app.decorate('describedRoutes', routes)
    app.addHook('onRoute', (route) => {
      if (route.method !== 'HEAD' && DESCRIBED.test(route.url)) routes.push(route)
    })
  },
  { name: 'api-docs', fastify: '5.x' },
)
