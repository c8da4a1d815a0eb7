import type { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { requireManagedTheatre } from '../../src/access/theatre-access.js'
import { findLive } from '../../src/accounts/sessions.js'
import { tooMany, unauthenticated, unavailable } from '../../src/errors.js'
import { IdParams, pathId } from './params.js'

/** seconds after which a client that has too many streams may try again */
const RETRY_SECONDS = 30

const Events = Type.Unsafe<Readable>({
  type: 'string',
  description:
    'events named `theatre`; the data of each is JSON: `version`, and `menu`, `settings`, `halls` and `staff` as the calls for managers answer them',
})

/**
 * A theatre as its managers see it, as server-sent events: the whole state at connect, and after each change. So no open page
 * asks again, which would prolong its session; here the session is looked up read-only, as at a handshake. The stream ends with
 * the right to it.
 */
export const theatreChangesRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/theatres/:id/changes',
    {
      // it would never end
      exposeHeadRoute: false,
      schema: {
        params: IdParams,
        response: { 200: { content: { 'text/event-stream': { schema: Events } } } },
      },
    },
    async (request, reply) => {
      if (app.draining) throw unavailable()
      const id = pathId(request.params, 'theatre')
      const cookie = app.sessionCookie.read(request)
      const caller = cookie.kind === 'token' ? await findLive(app.db, cookie.token, app.config.session) : null
      if (!caller) throw unauthenticated()
      await requireManagedTheatre(app.db, caller.principal, id)
      const stream = app.managerFeeds.open(id, caller.session.id, '')
      if (!stream) throw tooMany(RETRY_SECONDS, 'This theatre is open in too many tabs here: close some.')
      return reply
        .header('content-type', 'text/event-stream; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .send(stream)
    },
  )
}
