import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { notFound } from '../../src/errors.js'
import { viewReceipt } from '../../src/payments/receipt-view.js'
import { findReceipt } from '../../src/payments/receipts.js'
import { ReceiptView } from '../../src/protocol/manager-views.js'
import { IdParams, pathId } from './params.js'

/** The bill of an order, for its owner and the theatre's managers. */
export const receiptsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/orders/:id/receipt',
    { schema: { params: IdParams, response: { 200: Type.Object({ receipt: ReceiptView }) } } },
    async (request) => {
      const id = pathId(request.params, 'order')
      // as the order itself: without a session too it must not reveal that the order exists
      if (!request.caller) throw notFound('order')
      return { receipt: viewReceipt(await findReceipt(app.db, request.caller.principal, id)) }
    },
  )
}
