import { randomBytes } from 'node:crypto'
import type { PaymentProvider } from './provider.js'

/** Takes no money: the checkout is a page of ours whose buttons send the signed webhook. Not for production. */
export function createSimulatedProvider(): PaymentProvider {
  return {
    name: 'simulated',
    publicKey: null,
    createOrder: async () => ({ id: `sim_${randomBytes(12).toString('hex')}` }),
    checkoutUrl: (paymentId) => `/checkout/${paymentId}`,
  }
}
