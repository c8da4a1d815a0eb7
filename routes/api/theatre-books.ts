import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { KeyedQueue } from '../../src/concurrency/keyed-queue.js'
import { searchHistory } from '../../src/orders/order-history.js'
import { viewOrder } from '../../src/orders/order-view.js'
import { listTakings, readTakings } from '../../src/payments/takings.js'
import { writeTakingsCsv } from '../../src/payments/takings-csv.js'
import { TakingsView } from '../../src/protocol/manager-views.js'
import { OrderStatus, OrderView } from '../../src/protocol/views.js'
import { IdParams, pathId, queryId } from './params.js'

const Day = Type.String({ description: 'YYYY-MM-DD by the theatre’s clock' })
const OneDay = Type.Object({ day: Type.Optional(Day) }, { additionalProperties: false })

const Search = Type.Object(
  {
    from: Type.Optional(Day),
    to: Type.Optional(Day),
    q: Type.Optional(
      Type.String({
        maxLength: 100,
        description: 'an order’s number, a seat, a part of an item’s name, or a phone’s last digits',
      }),
    ),
    status: Type.Optional(OrderStatus),
    after: Type.Optional(Type.String({ description: '`next` of the page before' })),
  },
  { additionalProperties: false },
)

const HistoryAnswer = Type.Object({
  orders: Type.Array(OrderView),
  next: Type.Union([Type.Integer(), Type.Null()], {
    description: '`after` of the next page; null: there is none',
  }),
})

/**
 * A theatre's takings and past orders, for its managers. They may take seconds, so each user has one at a time: the other
 * connections to the database are for others.
 */
export const theatreBooksRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const queue = new KeyedQueue()
  const inTurn = <T>(request: FastifyRequest, read: () => Promise<T>): Promise<T> =>
    queue.run(String(app.callerOf(request).principal.userId), read)

  app.get(
    '/api/theatres/:id/takings',
    {
      preValidation: app.requireStaff,
      schema: {
        params: IdParams,
        querystring: OneDay,
        response: { 200: Type.Object({ takings: TakingsView }) },
      },
    },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      const { principal } = app.callerOf(request)
      const { day = null } = request.query
      return { takings: await inTurn(request, () => readTakings(app.db, principal, id, day)) }
    },
  )

  app.get(
    '/api/theatres/:id/takings.csv',
    { preValidation: app.requireStaff, schema: { params: IdParams, querystring: OneDay } },
    async (request, reply) => {
      const id = pathId(request.params, 'theatre')
      const { principal } = app.callerOf(request)
      const given = request.query.day ?? null
      const { day, orders } = await inTurn(request, () => listTakings(app.db, principal, id, given))
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="takings-${id}-${day}.csv"`)
        .send(writeTakingsCsv(orders))
    },
  )

  app.get(
    '/api/theatres/:id/history',
    {
      preValidation: app.requireStaff,
      schema: { params: IdParams, querystring: Search, response: { 200: HistoryAnswer } },
    },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      const { from = null, to = null, q = null, status = null } = request.query
      const search = { from, to, q, status, after: queryId(request.query.after, 'after') }
      const { principal } = app.callerOf(request)
      const { orders, next } = await inTurn(request, () => searchHistory(app.db, principal, id, search))
      return { orders: orders.map(viewOrder), next }
    },
  )
}
