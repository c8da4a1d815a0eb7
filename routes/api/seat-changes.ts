import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { notFound, tooMany, unavailable } from '../../src/errors.js'
import { addressKey } from '../../src/http/client-address.js'
import { findSeat } from '../../src/seats/seat-queries.js'
import { eventStream, STREAM_RETRY_SECONDS, sendEvents } from './event-stream.js'

const EVENTS = eventStream(
  'events named `menu`; the data of each is JSON: `theatre` and `menu` as GET /api/seats/{seatToken} answers them',
)

/**
 * A seat's menu as server-sent events: the whole state in each `menu` event, first at connect, then after each change. It
 * has no session: the seat's code is the only permission needed, and looking prolongs nothing.
 */
export const seatChangesRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/seats/:seatToken/changes',
    {
      // it would never end
      exposeHeadRoute: false,
      schema: {
        params: Type.Object({ seatToken: Type.String() }),
        response: EVENTS,
      },
    },
    async (request, reply) => {
      if (app.draining) throw unavailable()
      const { seatToken } = request.params
      const seat = await findSeat(app.db, seatToken)
      if (!seat) throw notFound('seat')
      const stream = app.menuStreams.open(seat.theatreId, seatToken, addressKey(request.ip))
      if (!stream)
        throw tooMany(STREAM_RETRY_SECONDS, 'This seat’s menu is open too many times here: close some.')
      return sendEvents(reply, stream)
    },
  )
}
