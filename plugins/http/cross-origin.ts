import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { DomainError } from '../../src/errors.js'
import { isSameHost, readOrigin } from '../../src/http/origins.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** the signature of its body is this route's authority: requests of any origin are taken */
    signed?: true
  }
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * No other site may change anything here with the user's cookie: browsers say where a request comes from. Lax
 * cookies are not enough: they are sent from sibling subdomains.
 */
export default fp(
  async (app) => {
    // a form of any site can post text/plain, and it may well look like JSON
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
  // neither header: no browser
  if (headers.origin === undefined) return false
  const origin = readOrigin(headers.origin)
  return !origin || !ownHost || !isSameHost(origin, ownHost)
}
