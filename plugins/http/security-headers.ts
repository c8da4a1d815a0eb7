import helmet from '@fastify/helmet'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { CONTENT_POLICY, STRICT_TRANSPORT } from '../../src/http/security-headers.js'

/**
 * Sets the security headers of every response, errors included. Only our own origin may be loaded or connected to; the
 * checkout page of a real payment provider extends that (`reply.helmet`).
 */
export const securityHeadersPlugin = fp(
  async (app) => {
    await app.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: CONTENT_POLICY,
      },
      hsts: false,
      // with no-referrer a form would post `Origin: null`
      referrerPolicy: { policy: 'same-origin' },
      frameguard: { action: 'deny' },
      crossOriginEmbedderPolicy: false,
    })
    const { isProduction } = app.serverConfig
    app.addHook('onSend', async (request, reply) => {
      if (isProduction && isHttps(request)) {
        reply.header('strict-transport-security', STRICT_TRANSPORT)
        const policy = reply.getHeader('content-security-policy')
        if (typeof policy === 'string' && !policy.includes('upgrade-insecure')) {
          reply.header('content-security-policy', `${policy};upgrade-insecure-requests`)
        }
      }
      // responses may be private to one user
      if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
    })
  },
  { name: 'security-headers', fastify: '5.x', dependencies: ['server-config'] },
)

const isHttps = (request: FastifyRequest) => request.protocol === 'https'
