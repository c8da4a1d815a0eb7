import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { DomainError } from '../../src/errors.js'
import { isSameHost, readOrigin } from '../../src/http/origins.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** the body's signature authenticates requests to this route: they may come from any origin */
    signed?: true
  }
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Refuses unsafe requests from other origins (CSRF), by the headers in which browsers state the origin. Lax cookies don't
 * suffice: browsers send them from sibling subdomains.
 */
export const crossOriginPlugin = fp(
  async (app) => {
    // a form on any site can post text/plain that looks like JSON
    app.removeContentTypeParser('text/plain')
    app.addHook('onRequest', async (request) => {
      if (SAFE.has(request.method) || request.routeOptions.config.signed) return
      if (isFromElsewhere(request)) {
        throw new DomainError(403, 'cross_origin', 'Pages of another origin can’t do this.')
      }
    })
  },
  { name: 'cross-origin', fastify: '5.x', dependencies: ['host-check'] },
)

function isFromElsewhere({ headers, ownHost }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  // neither header: not a browser
  if (headers.origin === undefined) return false
  const origin = readOrigin(headers.origin)
  return !origin || !ownHost || !isSameHost(origin, ownHost)
}
