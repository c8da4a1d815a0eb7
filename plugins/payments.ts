import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { OrderContext } from '../src/orders/order-events.js'
import { createProvider, type PaymentProvider } from '../src/payments/provider.js'

declare module 'fastify' {
  interface FastifyInstance {
    payments: PaymentProvider
    /** What actions on orders need, in the name of who is asking. */
    orderActionsOf(request: FastifyRequest): OrderContext
  }
}

/** The payment provider that PAYMENT_PROVIDER names. */
export default fp(
  async (app) => {
    const provider = createProvider(app.config.payments)
    app.decorate('payments', provider)
    app.decorate('orderActionsOf', (request: FastifyRequest) => ({
      ...app.actionsOf(request),
      providerName: provider.name,
    }))
  },
  { name: 'payments', fastify: '5.x', dependencies: ['config', 'principal'] },
)
