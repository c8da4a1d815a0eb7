import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** Every refusal, whatever its status. */
const FAILURE = {
  description: 'Refused: the status says how',
  type: 'object',
  required: ['error', 'message'],
  properties: {
    error: { type: 'string' },
    message: { type: 'string' },
    details: {
      type: 'array',
      items: { type: 'object', properties: { path: { type: 'string' }, message: { type: 'string' } } },
    },
  },
}

/** Is one of the hooks a guard, without a session 401? */
function isGuarded(app: FastifyInstance, hooks: unknown): boolean {
  const guards: unknown[] = [app.requireUser, app.requireStaff, app.requireAdmin]
  return [hooks].flat().some((hook) => guards.includes(hook))
}

/** Gathers the HTTP calls as OpenAPI from their schemas. Registered before the routes. */
export default fp(
  async (app) => {
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'houselights: HTTP calls',
          version: '1',
          description:
            'Money is an integer in paise, times are RFC 3339 UTC. Errors are {error, message, details?}. Authentication is the session cookie.',
        },
        components: {
          securitySchemes: {
            session: { type: 'apiKey', in: 'cookie', name: app.config.session.cookieName },
          },
        },
      },
      // pages and sockets are no HTTP calls
      transform: ({ schema, url, route }) => ({
        schema: {
          ...schema,
          ...(isGuarded(app, route.preValidation) ? { security: [{ session: [] }] } : {}),
          response: { ...(schema?.response ?? { 200: { description: 'Done' } }), default: FAILURE },
          hide: !/^\/(?:api|webhooks|healthz|readyz|metrics|theatre\/api|chat-box)/.test(url),
        },
        url,
      }),
    })
  },
  { name: 'api-docs', fastify: '5.x', dependencies: ['config', 'principal'] },
)
