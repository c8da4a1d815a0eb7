import type { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { notFound, tooMany, unavailable } from '../../src/errors.js'
import { addressKey } from '../../src/http/client-address.js'
import { findSeat } from '../../src/seats/seat-queries.js'

/** seconds after which a client that has too many streams may try again */
const RETRY_SECONDS = 30

const Events = Type.Unsafe<Readable>({
  type: 'string',
  description:
    'events named `menu`; the data of each is JSON: `theatre` and `menu` as GET /api/seats/{seatToken} answers them',
})

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
        response: { 200: { content: { 'text/event-stream': { schema: Events } } } },
      },
    },
    async (request, reply) => {
      if (app.draining) throw unavailable()
      const { seatToken } = request.params
      const seat = await findSeat(app.db, seatToken)
      if (!seat) throw notFound('seat')
      const stream = app.menuFeeds.open(seat.theatreId, seatToken, addressKey(request.ip))
      if (!stream) throw tooMany(RETRY_SECONDS, 'This seat’s menu is open too many times here: close some.')
      return reply
        .header('content-type', 'text/event-stream; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .send(stream)
    },
  )
}
