import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { notFound } from '../../src/errors.js'
import type { ActionContext } from '../../src/events/commit.js'
import { deliverOrder, markSeen } from '../../src/orders/order-actions.js'
import { findOrder, listOwnOrders } from '../../src/orders/order-queries.js'
import type { OrderRecord } from '../../src/orders/order-record.js'
import { viewOrder } from '../../src/orders/order-view.js'
import { cancelOrder, collectCash, undoLastStep } from '../../src/payments/staff-actions.js'
import type { Principal } from '../../src/principal.js'
import { OrderView } from '../../src/protocol/views.js'
import { OrderAnswer } from './answers.js'
import { IdParams, pathId } from './params.js'

const Mine = Type.Object({ mine: Type.Literal('1') }, { additionalProperties: false })

/** Orders: customers read their own, staff take them from step to step. */
export const ordersRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/orders',
    {
      preValidation: app.requireUser,
      schema: { querystring: Mine, response: { 200: Type.Object({ orders: Type.Array(OrderView) }) } },
    },
    async (request) => {
      const orders = await listOwnOrders(app.db, app.callerOf(request).principal)
      return { orders: orders.map(viewOrder) }
    },
  )

  app.get(
    '/api/orders/:id',
    { schema: { params: IdParams, response: { 200: OrderAnswer } } },
    async (request) => {
      const id = pathId(request.params, 'order')
      // 404 for everyone who may not see the order, without a session too: it must not reveal that the order exists
      if (!request.caller) throw notFound('order')
      return { order: viewOrder(await findOrder(app.db, request.caller.principal, id)) }
    },
  )

  type Step = (ctx: ActionContext, principal: Principal, id: number) => Promise<OrderRecord>
  const withIssues =
    (take: typeof cancelOrder): Step =>
    async (...given) => {
      const { order, issues } = await take(...given)
      for (const issue of issues) app.refunds.onIssue(issue)
      return order
    }
  const steps: Record<string, Step> = {
    seen: markSeen,
    deliver: deliverOrder,
    cancel: withIssues(cancelOrder),
    'collect-cash': withIssues(collectCash),
    undo: withIssues(undoLastStep),
  }

  for (const [step, take] of Object.entries(steps)) {
    app.post(
      `/api/orders/:id/${step}`,
      { preValidation: app.requireStaff, schema: { params: IdParams, response: { 200: OrderAnswer } } },
      async (request) => {
        const id = pathId(request.params, 'order')
        return {
          order: viewOrder(await take(app.actionContextOf(request), app.callerOf(request).principal, id)),
        }
      },
    )
  }
}
