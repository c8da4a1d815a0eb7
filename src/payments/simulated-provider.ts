import { createHash, randomBytes } from 'node:crypto'
import type { PaymentProvider } from './provider.js'
import { refundWebhook, type SignedWebhook } from './simulated-webhooks.js'

export interface SimulatedOptions {
  /** signs the webhooks */
  secret: string
  /** Sends a webhook through the service's own route. */
  deliver(webhook: SignedWebhook): Promise<void>
}

/**
 * Takes no money: the buttons of our checkout page, and each refund, send the signed webhook that a provider would send.
 * It keeps nothing, so there is nothing to reconcile with. Not for production.
 */
export function createSimulatedProvider({ secret, deliver }: SimulatedOptions): PaymentProvider {
  return {
    name: 'simulated',
    publicKey: null,
    createOrder: async () => ({ id: `sim_${randomBytes(12).toString('hex')}` }),
    checkoutUrl: (paymentId) => `/checkout/${paymentId}`,
    async refund({ chargeId, amount, key }) {
      const id = `rfnd_${createHash('sha256').update(key).digest('hex').slice(0, 24)}`
      await deliver(refundWebhook({ id, chargeId, amount, key }, secret))
      return null
    },
    chargesOf: async () => [],
    refundsOf: async () => [],
    async *chargesSince() {},
  }
}
