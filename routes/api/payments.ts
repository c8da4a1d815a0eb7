import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { startPayment } from '../../src/payments/payment-actions.js'
import { viewPayment } from '../../src/payments/payment-view.js'
import { PaymentStatus } from './order-schema.js'
import { IdParams, pathId } from './params.js'

const PaymentAnswer = Type.Object({
  payment: Type.Object({
    id: Type.String(),
    provider: Type.String(),
    status: PaymentStatus,
    amount: Type.Integer({ description: 'paise' }),
    checkoutUrl: Type.String(),
  }),
})

/** Paying: the owner of an order gets a payment, and the place to pay it at. */
export const paymentsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/api/orders/:id/payment',
    { preValidation: app.requireUser, schema: { params: IdParams, response: { 200: PaymentAnswer } } },
    async (request) => {
      const id = pathId(request.params, 'order')
      const payment = await startPayment(
        app.actionsOf(request),
        app.payments,
        app.callerOf(request).principal,
        id,
      )
      return { payment: viewPayment(payment, app.payments) }
    },
  )
}
