import fp from 'fastify-plugin'
import { DomainError } from '../../src/errors.js'
import { type HostAndPort, isAllowedHost, readHost } from '../../src/http/hosts.js'
import { countHeader, isProbe, originFormPath } from '../../src/http/request-target.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** the host that the client named, as a trusted proxy passes it on; checked */
    ownHost: HostAndPort | null
  }
}

const TOO_MANY = [431, 'headers_too_large'] as const

/**
 * Every request names one host, and one of ours (a forged Host would end up in links and make the Origin check
 * worthless). An upgrade of a path that is no socket is a 404: @fastify/websocket would accept it on any route.
 */
export default fp(
  async (app) => {
    const { allowedHosts } = app.config
    app.decorateRequest('ownHost', null)
    app.addHook('onRequest', async (request) => {
      // Node drops what is beyond its limit without a word, a second Host or Origin too: nothing can be said about it
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
          throw new DomainError(400, 'disallowed_host', 'This host is not served here (ALLOWED_HOSTS).')
        }
        request.ownHost = host
      }
      // `GET http://…` and `*`: a request to a proxy. The router knows http:// only, so no route is asked for.
      if (path === null) {
        throw new DomainError(
          400,
          request.ws ? 'malformed_handshake' : 'malformed_request',
          'The target is a path.',
        )
      }
      if (request.ws && !request.routeOptions.config.live) {
        throw new DomainError(404, 'not_found', 'There is no socket here.')
      }
    })
  },
  { name: 'host-check', fastify: '5.x', dependencies: ['config', 'websocket'] },
)
