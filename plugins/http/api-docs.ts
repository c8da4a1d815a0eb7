import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { COMPONENT_SCHEMAS, withReferences } from '../../src/protocol/component-schemas.js'

/** The body of every error, whatever its status. */
const FAILURE = {
  description: 'An error',
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

/** Is one of the hooks a guard, which answers 401 without a session? */
function isGuarded(app: FastifyInstance, hooks: unknown): boolean {
  const guards: unknown[] = [app.requireUser, app.requireStaff, app.requireAdmin]
  return [hooks].flat().some((hook) => guards.includes(hook))
}

const DESCRIPTION = `Money is an integer in paise, times are RFC 3339 UTC. Errors are \`{error, message, details?}\`.
Authentication is the session cookie.

The WebSockets are described by [AsyncAPI](/docs/asyncapi.json); this page is also a
[document](/docs/openapi.json).`

/** Groups the calls by the path: /api/orders/{id} belongs to `orders`. */
function tagOf(url: string): string {
  return /^\/(?:api|webhooks)\/([a-z-]+)/.exec(url)?.[1] ?? 'operations'
}

/** Describes the HTTP calls as OpenAPI, from their schemas. Registered before the routes. */
export const apiDocsPlugin = fp(
  async (app) => {
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'houselights: HTTP calls',
          version: '1',
          description: DESCRIPTION,
        },
        components: {
          securitySchemes: {
            session: { type: 'apiKey', in: 'cookie', name: app.config.session.cookieName },
          },
        },
      },
      transformObject: (documents) => {
        if (!('openapiObject' in documents)) throw new Error('not an OpenAPI 3 document')
        const { paths, components, ...rest } = documents.openapiObject
        const schemas = COMPONENT_SCHEMAS
        return {
          ...rest,
          paths: withReferences(paths),
          components: { ...components, schemas },
        } as typeof documents.openapiObject
      },
      // without pages and sockets
      transform: ({ schema, url, route }) => ({
        schema: {
          ...schema,
          tags: [tagOf(url)],
          ...(isGuarded(app, route.preValidation) ? { security: [{ session: [] }] } : {}),
          response: { ...(schema?.response ?? { 200: { description: 'Done' } }), default: FAILURE },
          hide: !/^\/(?:api|webhooks|healthz|readyz|metrics)/.test(url),
        },
        url,
      }),
    })
  },
  { name: 'api-docs', fastify: '5.x', dependencies: ['config', 'principal'] },
)
