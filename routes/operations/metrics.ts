import { timingSafeEqual } from 'node:crypto'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { DomainError, forbidden } from '../../src/errors.js'

/** Prometheus text, for who has METRICS_TOKEN; without one set, outside production, for direct calls from loopback. */
export const metricsRoutes: FastifyPluginAsync = async (app) => {
  const { metricsToken, isProduction } = app.serverConfig

  app.get('/metrics', async (request, reply) => {
    if (metricsToken !== null) {
      if (!isBearer(request, metricsToken)) {
        reply.header('www-authenticate', 'Bearer')
        throw new DomainError(401, 'unauthenticated', 'Send METRICS_TOKEN as a bearer token.')
      }
    } else if (isProduction || !isDirectFromLoopback(request)) throw forbidden()
    return reply.type(app.metrics.registry.contentType).send(await app.metrics.registry.metrics())
  })
}

function isBearer(request: FastifyRequest, token: string): boolean {
  // the scheme's case does not count (RFC 9110, 11.1)
  const given = Buffer.from(/^bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '')
  const wanted = Buffer.from(token)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

/** A proxy on this machine passes on other people's requests: it says so. */
function isDirectFromLoopback(request: FastifyRequest): boolean {
  const address = request.raw.socket.remoteAddress ?? ''
  const isLoopback = address === '::1' || /^(?:::ffff:)?127\./.test(address)
  const names = Object.keys(request.headers)
  return isLoopback && !names.some((name) => name === 'forwarded' || name.startsWith('x-forwarded-'))
}
