import swaggerUi from '@fastify/swagger-ui'
import type { FastifyPluginAsync } from 'fastify'
import { createAsyncApi } from './asyncapi.js'

/** Replaces Swagger UI's icons, data: images that the Content-Security-Policy blocks, with characters. */
const ICONS = `
.swagger-ui *, .swagger-ui *::before, .swagger-ui *::after {
  background-image: none !important; -webkit-mask-image: none !important; mask-image: none !important;
}
.swagger-ui select { appearance: auto; }
.swagger-ui .copy-to-clipboard button::before { content: '⧉'; color: #fff; }
.swagger-ui .model-toggle::after { content: '▾'; }
.swagger-ui .checkbox input[type='checkbox']:checked + label > .item::before { content: '✓'; }`

/** Documentation of the API: OpenAPI of the HTTP calls with a page to read and try them, AsyncAPI of the sockets. */
export const docsRoutes: FastifyPluginAsync = async (app) => {
  // serialized once, at the first request: the routes are public, and a start needs neither
  const openApi = once(() => JSON.stringify(app.swagger()))
  const asyncApi = once(() => JSON.stringify(createAsyncApi()))
  const json = 'application/json; charset=utf-8'
  app.get('/docs/openapi.json', async (_request, reply) => reply.type(json).send(openApi()))
  app.get('/docs/asyncapi.json', async (_request, reply) => reply.type(json).send(asyncApi()))
  await app.register(swaggerUi, {
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
}

function once<T>(create: () => T): () => T {
  let created: { value: T } | null = null
  return () => {
    created ??= { value: create() }
    return created.value
  }
}
