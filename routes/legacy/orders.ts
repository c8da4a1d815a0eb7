import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { listManagedOrders, markSeatSeen } from '../../src/orders/legacy-orders.js'
import { viewLegacyOrders } from '../../src/orders/legacy-view.js'
import { deliverOrder } from '../../src/orders/order-actions.js'
import { IdParams, pathId } from '../api/params.js'
import { requireOwnPage } from './own-pages.js'

/** Spellings, paths and methods are those of the theatres' existing pages. */
export const legacyOrdersRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const change = { preValidation: [app.requireStaff, requireOwnPage], schema: { params: IdParams } }

  app.get('/theatre/api/live-orders', { preValidation: app.requireStaff }, async (request) => {
    const orders = await listManagedOrders(app.db, app.callerOf(request).principal)
    return viewLegacyOrders(orders, app.payments.name)
  })

  // no HEAD twins: these GETs change state
  app.get('/theatre/api/is-order-viewed/:id', { ...change, exposeHeadRoute: false }, async (request) => {
    await markSeatSeen(
      app.orderActionsOf(request),
      app.callerOf(request).principal,
      pathId(request.params, 'seat'),
    )
    return { status: true }
  })

  app.get('/theatre/api/deliver-order/:id', { ...change, exposeHeadRoute: false }, async (request) => {
    await deliverOrder(
      app.orderActionsOf(request),
      app.callerOf(request).principal,
      pathId(request.params, 'order'),
    )
    return { message: 'Order Delivered Successfully' }
  })
}
