import fp from 'fastify-plugin'
import { createProvider, type PaymentProvider } from '../src/payments/provider.js'

declare module 'fastify' {
  interface FastifyInstance {
    payments: PaymentProvider
  }
}

/** The payment provider that PAYMENT_PROVIDER names. */
export default fp(
  async (app) => {
    app.decorate('payments', createProvider(app.config.payments))
  },
  { name: 'payments', fastify: '5.x', dependencies: ['config'] },
)
