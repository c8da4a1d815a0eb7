import helmet from '@fastify/helmet'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { CONTENT_POLICY, STRICT_TRANSPORT } from '../../src/http/security-headers.js'

/**
 * What browsers are told on every answer, the refusals included. Nothing but our own origin is loaded or connected
 * to; a provider's checkout page widens that for itself (`reply.helmet`).
 */
export default fp(
  async (app) => {
    await app.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: CONTENT_POLICY,
      },
      hsts: false,
      // under no-referrer a form would post `Origin: null`
      referrerPolicy: { policy: 'same-origin' },
      frameguard: { action: 'deny' },
      crossOriginEmbedderPolicy: false,
    })
    const { isProduction } = app.config
    app.addHook('onSend', async (request, reply) => {
      if (isProduction && isHttps(request)) {
        reply.header('strict-transport-security', STRICT_TRANSPORT)
        const policy = reply.getHeader('content-security-policy')
        if (typeof policy === 'string' && !policy.includes('upgrade-insecure')) {
          reply.header('content-security-policy', `${policy};upgrade-insecure-requests`)
        }
      }
      // what one person may see is stored for nobody
      if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
    })
  },
  { name: 'security-headers', fastify: '5.x', dependencies: ['config'] },
)

const isHttps = (request: FastifyRequest) => request.protocol === 'https'
