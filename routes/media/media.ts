import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { notFound, tooMany } from '../../src/errors.js'
import { addressKey } from '../../src/http/client-address.js'
import { secondsOf } from '../../src/limits/hit-counter.js'
import { readPicture } from '../../src/theatres/picture-queries.js'

/** pictures a minute per address: those of a whole theatre that opens the menu over one Wi-Fi */
const MAX_READS = 12_000
const WINDOW_SECONDS = 60

/**
 * The pictures of menus, by the hash of their bytes, so that browsers keep them for good. Without a session: anybody at a
 * seat sees them, and looking prolongs nothing.
 */
export const mediaRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/media/:file',
    { schema: { params: Type.Object({ file: Type.String() }) } },
    async (request, reply) => {
      if (app.config.rateLimits) {
        const key = `media:${addressKey(request.ip)}`
        const { allowed, remainingMs } = await app.hitCounter.hit(key, WINDOW_SECONDS, MAX_READS)
        if (!allowed) throw tooMany(secondsOf(remainingMs))
      }
      const sha256 = /^([0-9a-f]{64})\.webp$/.exec(request.params.file)?.[1]
      const bytes = sha256 === undefined ? null : await readPicture(app.db, sha256)
      if (!bytes) throw notFound('picture')
      const etag = `"${sha256}"`
      reply.header('etag', etag).header('cache-control', 'public, max-age=31536000, immutable')
      if (isNamed(etag, request.headers['if-none-match'])) return reply.code(304).send()
      return reply.type('image/webp').send(bytes)
    },
  )
}

/** Whether If-None-Match names the tag (RFC 9110, 13.1.2). */
const isNamed = (etag: string, header = ''): boolean =>
  header.split(',').some((each) => ['*', etag].includes(each.trim().replace(/^W\//, '')))
