import fp from 'fastify-plugin'
import { DomainError } from '../../src/errors.js'
import { type HostAndPort, isAllowedHost, readHost } from '../../src/http/hosts.js'
import { countHeader, isProbe, originFormPath } from '../../src/http/request-target.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** the checked host of the request, or the one that a trusted proxy forwards */
    ownHost: HostAndPort | null
  }
}

const TOO_MANY = [431, 'headers_too_large'] as const

/**
 * Requires exactly one allowed Host (a forged one would end up in links and defeat the Origin check). An upgrade on a
 * path that is no socket is a 404: @fastify/websocket would accept it on any route.
 */
export const hostCheckPlugin = fp(
  async (app) => {
    const { allowedHosts } = app.serverConfig
    app.decorateRequest('ownHost', null)
    app.addHook('onRequest', async (request) => {
      // Node silently drops headers beyond its limit, a second Host or Origin too, so such a request can't be judged
      if (request.raw.rawHeaders.length / 2 >= app.maxHeaders) {
        const [status, code] = request.ws ? ([400, 'malformed_handshake'] as const) : TOO_MANY
        throw new DomainError(status, code, 'There are too many headers.')
      }
      const path = originFormPath(request.raw.url)
      // load balancers probe by address
      if (!isProbe(path)) {
        // request.host is X-Forwarded-Host when the peer is a trusted proxy
        const host = countHeader(request.raw.rawHeaders, 'host') === 1 ? readHost(request.host) : null
        if (!host || !isAllowedHost(host.hostname, allowedHosts)) {
          throw new DomainError(400, 'disallowed_host', 'This host is not allowed (ALLOWED_HOSTS).')
        }
        request.ownHost = host
      }
      // `GET http://…` and `*` are for proxies; the router doesn't handle them consistently
      if (path === null) {
        throw new DomainError(
          400,
          request.ws ? 'malformed_handshake' : 'malformed_request',
          'The request target must be a path.',
        )
      }
      if (request.ws && !request.routeOptions.config.isSocket) {
        throw new DomainError(404, 'not_found', 'There is no socket at this path.')
      }
    })
  },
  { name: 'host-check', fastify: '5.x', dependencies: ['server-config', 'websocket'] },
)
