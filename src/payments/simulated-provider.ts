import { randomBytes } from 'node:crypto'
import type { PaymentProvider } from './provider.js'

/** Takes no money: our checkout page has buttons that send the signed webhook. Not for production. */
export function createSimulatedProvider(): PaymentProvider {
  return {
    name: 'simulated',
    publicKey: null,
    createOrder: async () => ({ id: `sim_${randomBytes(12).toString('hex')}` }),
    checkoutUrl: (paymentId) => `/checkout/${paymentId}`,
  }
}
