import swaggerUi from '@fastify/swagger-ui'
import type { FastifyPluginAsync } from 'fastify'
import { asyncApi } from './asyncapi.js'

/** Swagger UI's icons are data: images, which the Content-Security-Policy blocks: characters take their place. */
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
  // serialized once: the routes are public
  const documents = { openApi: '', asyncApi: JSON.stringify(asyncApi) }
  app.addHook('onReady', async () => {
    documents.openApi = JSON.stringify(app.swagger())
  })
  const json = 'application/json; charset=utf-8'
  app.get('/docs/openapi.json', async (_request, reply) => reply.type(json).send(documents.openApi))
  app.get('/docs/asyncapi.json', async (_request, reply) => reply.type(json).send(documents.asyncApi))
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // the standard layout has a logo, a data: image, and inline styles
    uiConfig: {
      layout: 'BaseLayout',
      docExpansion: 'list',
      validatorUrl: null,
      // with the reader's own session: for development only
      ...(app.config.isProduction ? { supportedSubmitMethods: [] } : {}),
    },
    theme: { title: 'houselights: API', css: [{ filename: 'icons.css', content: ICONS }] },
  })
}
