import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { requireTheatre } from '../../src/access/theatre-access.js'
import { notFound } from '../../src/errors.js'
import { listTheatreOrders } from '../../src/orders/order-queries.js'
import { viewOrder } from '../../src/orders/order-view.js'
import { OrderView, TheatreSeatsView } from '../../src/protocol/views.js'
import { findTheatreSeats } from '../../src/theatres/theatre-queries.js'
import { viewTheatreSeats } from '../../src/theatres/theatre-view.js'
import { IdParams, pathId } from './params.js'

const Which = Type.Object(
  {
    ended: Type.Optional(Type.Literal('1')),
    owed: Type.Optional(
      Type.Literal('1', { description: 'of whom cash is owed, or whose money is due back' }),
    ),
  },
  { additionalProperties: false },
)

const OrdersAnswer = Type.Object({
  orders: Type.Array(OrderView),
  cursor: Type.Integer({ description: 'position of theatre:{id}:orders' }),
})

/** A theatre's orders and seats, for its staff. */
export const theatresRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/theatres/:id/orders',
    {
      preValidation: app.requireStaff,
      schema: { params: IdParams, querystring: Which, response: { 200: OrdersAnswer } },
    },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      const which = request.query.ended ? 'ended' : request.query.owed ? 'owed' : 'live'
      const { principal } = app.callerOf(request)
      const { orders, cursor } = await listTheatreOrders(app.db, principal, id, which)
      return { orders: orders.map(viewOrder), cursor }
    },
  )

  app.get(
    '/api/theatres/:id/seats',
    { preValidation: app.requireStaff, schema: { params: IdParams, response: { 200: TheatreSeatsView } } },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      await requireTheatre(app.db, app.callerOf(request).principal, id)
      const theatre = await findTheatreSeats(app.db, id)
      if (!theatre) throw notFound('theatre')
      return viewTheatreSeats(theatre, app.config.publicUrl)
    },
  )
}
