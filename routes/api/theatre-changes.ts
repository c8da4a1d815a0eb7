import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { requireManagedTheatre } from '../../src/access/theatre-access.js'
import { findLive } from '../../src/accounts/sessions.js'
import { tooMany, unauthenticated, unavailable } from '../../src/errors.js'
import { eventStream, STREAM_RETRY_SECONDS, sendEvents } from './event-stream.js'
import { IdParams, pathId } from './params.js'

const EVENTS = eventStream(
  'events named `theatre`; the data of each is JSON: `version`, and `menu`, `settings`, `halls` and `staff` as the calls for managers answer them',
)

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
        response: EVENTS,
      },
    },
    async (request, reply) => {
      if (app.draining) throw unavailable()
      const id = pathId(request.params, 'theatre')
      const cookie = app.sessionCookie.read(request)
      const caller =
        cookie.kind === 'token' ? await findLive(app.rawDb, cookie.token, app.config.session) : null
      if (!caller) throw unauthenticated()
      await requireManagedTheatre(app.db, caller.principal, id)
      const stream = app.managerStreams.open(id, caller.session.id, '')
      if (!stream)
        throw tooMany(STREAM_RETRY_SECONDS, 'This theatre is open in too many tabs here: close some.')
      return sendEvents(reply, stream)
    },
  )
}
