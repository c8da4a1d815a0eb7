import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { DomainError, unavailable } from '../../src/errors.js'
import { applyWebhook, type RawWebhook } from '../../src/payments/webhook-actions.js'

/** The provider's calls are a few KB. */
const BODY_BYTES = 64 * 1024

/** The payment provider's webhook: its only authority is the signature over the bytes of the body. */
export const paymentWebhookRoutes: FastifyPluginAsync = async (app) => {
  const { webhookSecrets, autoRefund } = app.config.payments

  // the signature covers the bytes: nothing may parse them before
  app.removeAllContentTypeParsers()
  // nor may a missing or malformed content type refuse what is signed
  app.addHook('onRequest', async ({ raw }) => {
    raw.headers['content-type'] = 'application/octet-stream'
  })
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => body)

  app.post('/webhooks/payments', { bodyLimit: BODY_BYTES, config: { signed: true } }, async (request) => {
    const settings = { secrets: webhookSecrets, autoRefund }
    const webhook: RawWebhook = {
      rawBody: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      signature: oneHeader(request, 'x-razorpay-signature'),
      eventId: oneHeader(request, 'x-razorpay-event-id'),
    }
    const applied = applyWebhook(app.actionContext, settings, webhook)
    const result = await applied.catch((err: unknown) => {
      if (err instanceof DomainError) throw err
      throw unavailable(new Error('a webhook could not be stored', { cause: err }))
    })
    if (result.error) request.log.error({ err: result.error }, 'webhook stored but not applied; will retry')
    app.refunds.followUp(result, request.log)
    return { outcome: result.outcome }
  })
}

function oneHeader({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}
