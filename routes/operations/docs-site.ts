import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyInstance } from 'fastify'
import { COMPONENT_SCHEMAS, withReferences } from '../../src/protocol/component-schemas.js'
import { USER_HEADER } from '../../src/protocol/page-user.js'

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
Authentication is the session cookie. A request may name the user for whom its page was rendered in
\`X-Houselights-User\`: if the session is another user's by now, the answer is 409 \`other_user\` and nothing was done.
Without a live session the header has no effect. Responses name the session's user in the same header.

The WebSockets are described by [AsyncAPI](/docs/asyncapi.json); this page is also a
[document](/docs/openapi.json).`

/** The calls with a session accept the page's user too. Only described: the plugin `page-user` checks it. */
function withUserHeader(url: string, headers: unknown): object {
  if (!url.startsWith('/api/')) return {}
  const described =
    typeof headers === 'object' && headers && 'properties' in headers ? headers.properties : {}
  return {
    headers: {
      type: 'object',
      properties: {
        ...(described as object),
        [USER_HEADER]: {
          type: 'string',
          pattern: '^[1-9][0-9]*$',
          description:
            'id of the user for whom the page was rendered; 409 `other_user` if the session is another’s',
        },
      },
    },
  }
}

/** Groups the calls by the path: /api/orders/{id} belongs to `orders`. */
function tagOf(url: string): string {
  return /^\/(?:api|webhooks)\/([a-z-]+)/.exec(url)?.[1] ?? 'operations'
}

/** Replaces Swagger UI's icons, data: images that the Content-Security-Policy blocks, with characters. */
const ICONS = `
.swagger-ui *, .swagger-ui *::before, .swagger-ui *::after {
  background-image: none !important; -webkit-mask-image: none !important; mask-image: none !important;
}
.swagger-ui select { appearance: auto; }
.swagger-ui .copy-to-clipboard button::before { content: '⧉'; color: #fff; }
.swagger-ui .model-toggle::after { content: '▾'; }
.swagger-ui .checkbox input[type='checkbox']:checked + label > .item::before { content: '✓'; }`

/**
 * An instance of its own that knows the service's calls, to describe them as OpenAPI, and serves a page to read and try
 * them. It answers none of them. The caller closes it.
 */
export async function createDocsSite(app: FastifyInstance): Promise<FastifyInstance> {
  const site = Fastify({ routerOptions: { ignoreTrailingSlash: true }, exposeHeadRoutes: false })
  site.setValidatorCompiler(() => () => true)
  site.setSerializerCompiler(() => (data) => JSON.stringify(data))
  await describeCalls(site, app)
  await site.register(swaggerUi, {
    routePrefix: '/docs',
    // the standard layout has inline styles and a data: image
    uiConfig: {
      layout: 'BaseLayout',
      docExpansion: 'list',
      validatorUrl: null,
      // a trial request uses the reader's own session: development only
      ...(app.config.isProduction ? { supportedSubmitMethods: [] } : {}),
    },
    theme: { title: 'houselights: API', css: [{ filename: 'icons.css', content: ICONS }] },
  })
  for (const { method, url, schema, preValidation } of app.describedRoutes) {
    site.route({
      method,
      url,
      ...(schema ? { schema } : {}),
      ...(preValidation ? { preValidation } : {}),
      handler: (_request, reply) => reply.callNotFound(),
    })
  }
  await site.ready()
  return site
}

/** Registered before the routes. */
async function describeCalls(site: FastifyInstance, app: FastifyInstance): Promise<void> {
  await site.register(swagger, {
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
        ...withUserHeader(url, schema?.headers),
        tags: [tagOf(url)],
        ...(isGuarded(app, route.preValidation) ? { security: [{ session: [] }] } : {}),
        response: { ...(schema?.response ?? { 200: { description: 'Done' } }), default: FAILURE },
        hide: !/^\/(?:api|webhooks|healthz|readyz|metrics)/.test(url),
      },
      url,
    }),
  })
}
