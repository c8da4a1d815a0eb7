import fp from 'fastify-plugin'
import type { PaymentProvider } from '../src/payments/provider.js'
import { createRazorpayProvider } from '../src/payments/razorpay-provider.js'
import { createSimulatedProvider } from '../src/payments/simulated-provider.js'

declare module 'fastify' {
  interface FastifyInstance {
    payments: PaymentProvider
  }
}

/** The payment provider that PAYMENT_PROVIDER names. */
export const paymentsPlugin = fp(
  async (app) => {
    const { payments } = app.config
    const isSimulated = payments.provider === 'simulated'
    app.decorate('payments', isSimulated ? createSimulatedProvider() : createRazorpayProvider(payments))
  },
  { name: 'payments', fastify: '5.x', dependencies: ['config'] },
)
