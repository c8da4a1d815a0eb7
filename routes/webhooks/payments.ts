import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { applyWebhook } from '../../src/payments/webhook-actions.js'

/** The provider's calls are a few KB. */
const BODY_BYTES = 64 * 1024

/** The payment provider's word: its authority is the signature over the body's bytes, and nothing else. */
export const paymentWebhookRoutes: FastifyPluginAsync = async (app) => {
  const ctx = app.actions
  const { webhookSecret } = app.config.payments

  // what is signed are the bytes: nothing may read them before
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => body)

  app.post('/webhooks/payments', { bodyLimit: BODY_BYTES, config: { signed: true } }, async (request) => {
    const { outcome, alarm, error } = await applyWebhook(ctx, webhookSecret, {
      rawBody: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      signature: oneHeader(request, 'x-razorpay-signature'),
      eventId: oneHeader(request, 'x-razorpay-event-id'),
    })
    if (alarm) request.log.error(alarm, alarm.kind)
    if (error) throw error
    return { outcome }
  })
}

function oneHeader({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}
