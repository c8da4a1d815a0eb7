import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { startPayment } from '../../src/payments/payment-actions.js'
import { viewPayment } from '../../src/payments/payment-view.js'
import { PaymentView } from '../../src/protocol/views.js'
import { IdParams, pathId } from './params.js'

const PaymentAnswer = Type.Object({ payment: PaymentView })

/** Starts the payment of an order, for its owner: the answer says where to pay. */
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
