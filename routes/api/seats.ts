import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { onSendAsyncHookHandler } from 'fastify'
import { Type } from 'typebox'
import { notFound } from '../../src/errors.js'
import { acceptsGzip, gzipped } from '../../src/http/content-encoding.js'
import { MAX_LINES, MAX_QUANTITY } from '../../src/orders/order-lines.js'
import { viewOrder } from '../../src/orders/order-view.js'
import { OPEN_ORDERS, placeOrder } from '../../src/orders/place-order.js'
import { MAX_ID } from '../../src/protocol/groups.js'
import { MAX_CHOICES, MAX_NAME, MAX_OPTIONS } from '../../src/protocol/menu-limits.js'
import { MAX_NOTE } from '../../src/protocol/typed-text.js'
import { SeatMenuView } from '../../src/protocol/views.js'
import { findSeat } from '../../src/seats/seat-queries.js'
import { viewSeat } from '../../src/seats/seat-view.js'
import { listMenu } from '../../src/theatres/menu-queries.js'
import { readOrdering } from '../../src/theatres/ordering-queries.js'
import { KeyHeader, OrderAnswer } from './answers.js'

const Params = Type.Object({ seatToken: Type.String() })

const Choice = Type.Object({
  group: Type.String({ maxLength: MAX_NAME }),
  choice: Type.String({ maxLength: MAX_NAME }),
})

// A client may send its cart as it is: names and prices in it are ignored.
const NewOrder = Type.Object({
  items: Type.Array(
    Type.Object({
      menuItemId: Type.Integer({ minimum: 1, maximum: MAX_ID }),
      options: Type.Optional(Type.Array(Choice, { maxItems: MAX_OPTIONS * MAX_CHOICES })),
      quantity: Type.Integer({ minimum: 1, maximum: MAX_QUANTITY }),
    }),
    { minItems: 1, maxItems: MAX_LINES },
  ),
  paymentMethod: Type.Enum(['online', 'cash']),
  phone: Type.Optional(
    Type.String({ maxLength: 100, description: 'as typed; 5 to 20 digits of any script' }),
  ),
  note: Type.Optional(
    Type.String({ maxLength: 2 * MAX_NOTE, description: `for the kitchen, at most ${MAX_NOTE} characters` }),
  ),
  expectedTotal: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: 'paise as shown to the customer; any other total is 409 `price_changed`',
    }),
  ),
})

/** A long menu is the largest thing that a phone on a slow network waits for. It holds nobody's data. */
const compressMenu: onSendAsyncHookHandler<unknown> = async (request, reply, payload) => {
  if (typeof payload !== 'string' || reply.statusCode !== 200) return payload
  reply.header('vary', 'accept-encoding')
  const gzip = acceptsGzip(request.headers['accept-encoding']) ? await gzipped(payload) : null
  if (gzip === null) return payload
  reply.header('content-encoding', 'gzip').removeHeader('content-length')
  return gzip
}

/** What a seat's QR code opens: the menu, and ordering from it. The code is the only permission needed. */
export const seatsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/seats/:seatToken',
    { onSend: compressMenu, schema: { params: Params, response: { 200: SeatMenuView } } },
    async (request) => {
      const seat = await findSeat(app.db, request.params.seatToken)
      if (!seat) throw notFound('seat')
      const [ordering, menu] = await Promise.all([
        readOrdering(app.db, seat.theatreId),
        listMenu(app.db, seat.theatreId),
      ])
      if (!ordering) throw notFound('seat')
      return viewSeat(seat, ordering, menu)
    },
  )

  app.post(
    '/api/seats/:seatToken/orders',
    {
      schema: {
        params: Params,
        headers: KeyHeader,
        body: NewOrder,
        response: { 200: OrderAnswer, 201: OrderAnswer },
      },
    },
    async (request, reply) => {
      const { seatToken } = request.params
      // no guest for a code that opens nothing
      if (!request.caller && !(await findSeat(app.db, seatToken))) throw notFound('seat')
      const { principal, session } = await app.callerOrGuest(request, reply)
      const { items, paymentMethod, phone = null, note = null, expectedTotal = null } = request.body
      const idempotencyKey = request.headers['idempotency-key'] ?? null
      const { order, created } = await placeOrder(
        app.actionContextOf(request),
        { userId: principal.userId, sessionId: session.id },
        seatToken,
        { items, paymentMethod, phone, note, idempotencyKey, expectedTotal },
        app.config.rateLimits ? OPEN_ORDERS : null,
      )
      return reply.code(created ? 201 : 200).send({ order: viewOrder(order) })
    },
  )
}
