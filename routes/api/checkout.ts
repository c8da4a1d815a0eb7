import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { unavailable } from '../../src/errors.js'
import { findCheckout } from '../../src/payments/payment-queries.js'
import { viewCheckout } from '../../src/payments/payment-view.js'
import { checkoutWebhook } from '../../src/payments/simulated-webhooks.js'
import { CheckoutView } from '../../src/protocol/views.js'

const Params = Type.Object({ paymentId: Type.String() })

const BUTTONS = { pay: 'payment.captured', fail: 'payment.failed' } as const

/**
 * The checkout page's data; and, with the simulated provider only, its buttons. Each button sends a signed webhook to
 * the real route.
 */
export const checkoutRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const {
    provider,
    webhookSecrets: [webhookSecret],
  } = app.config.payments

  app.get(
    '/api/checkout/:paymentId',
    { preValidation: app.requireUser, schema: { params: Params, response: { 200: CheckoutView } } },
    async (request) => {
      const { principal } = app.callerOf(request)
      return viewCheckout(await findCheckout(app.db, principal, request.params.paymentId), app.payments)
    },
  )

  if (provider !== 'simulated') return

  async function press(request: FastifyRequest, paymentId: string, button: keyof typeof BUTTONS) {
    const checkout = await findCheckout(app.db, app.callerOf(request).principal, paymentId)
    const { headers, body } = checkoutWebhook(checkout, BUTTONS[button], webhookSecret)
    // the request's own host: behind a proxy no other may be allowed
    const url = '/webhooks/payments'
    const answer = await app.inject({
      method: 'POST',
      url,
      headers: { ...headers, host: request.host },
      body,
    })
    if (answer.statusCode !== 200) throw unavailable()
  }

  for (const button of ['pay', 'fail'] as const) {
    app.post(
      `/api/checkout/:paymentId/${button}`,
      { preValidation: app.requireUser, schema: { params: Params, response: { 204: Type.Null() } } },
      async (request, reply) => {
        await press(request, request.params.paymentId, button)
        return reply.code(204).send(null)
      },
    )
  }
}
