import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { Counter } from 'prom-client'
import { LogThrottles } from '../src/logging.js'
import type { PaymentProvider } from '../src/payments/provider.js'
import { type ProviderFailure, reportFailures } from '../src/payments/provider-failures.js'
import { createRazorpayProvider } from '../src/payments/razorpay-provider.js'
import { type RefundTools, sendRefund } from '../src/payments/refund-requests.js'
import type { OpenedIssue } from '../src/payments/settlement.js'
import { createSimulatedProvider } from '../src/payments/simulated-provider.js'
import type { SignedWebhook } from '../src/payments/simulated-webhooks.js'
import type { WebhookResult } from '../src/payments/webhook-actions.js'
import { PaymentIssueView } from '../src/protocol/views.js'

declare module 'fastify' {
  interface FastifyInstance {
    payments: PaymentProvider
    refunds: RefundTools & {
      /** Logs the issues, and sends the refund requests in the background; what fails is left to the job. */
      followUp(recorded: Pick<WebhookResult, 'issues' | 'requests'>, log: FastifyBaseLogger): void
    }
  }
}

/** ms between two log lines about the same failure of the provider: an outage fails every payment */
const LOG_INTERVAL_MS = 10_000

/** The payment provider that PAYMENT_PROVIDER names, and what refunds through it need. */
export const paymentsPlugin = fp(
  async (app) => {
    const { payments: config, allowedHosts } = app.config
    const issues = new Counter({
      name: 'houselights_payment_issues_total',
      help: 'Payment issues opened, by kind',
      labelNames: ['kind'],
      registers: [app.metrics.registry],
    })
    // a series that begins with its first issue has not increased, and no alert would see it
    for (const kind of PaymentIssueView.properties.kind.enum) issues.inc({ kind }, 0)
    const background = new Set<Promise<unknown>>()

    async function deliver({ headers, body }: SignedWebhook): Promise<void> {
      const [first = '*'] = allowedHosts
      const host = first === '*' ? 'localhost' : first.replace(/^\./, '')
      const url = '/webhooks/payments'
      const answer = await app.inject({ method: 'POST', url, headers: { ...headers, host }, body })
      if (answer.statusCode !== 200) throw new Error(`the webhook was answered with ${answer.statusCode}`)
    }

    const failures = new Counter({
      name: 'houselights_payment_provider_failures_total',
      help: 'Failed calls of the payment provider, by call and reason',
      labelNames: ['call', 'reason'],
      registers: [app.metrics.registry],
    })
    const throttles = new LogThrottles(LOG_INTERVAL_MS)
    const onFailure = ({ call, reason, detail }: ProviderFailure) => {
      failures.inc({ call, reason })
      const suppressed = throttles.record(`${call} ${reason}`)
      if (suppressed !== null)
        app.log.error({ call, reason, detail, suppressed }, 'the payment provider failed')
    }
    const provider =
      config.provider === 'simulated'
        ? createSimulatedProvider({ secret: config.webhookSecrets[0], deliver })
        : createRazorpayProvider(config)
    app.decorate('payments', reportFailures(provider, onFailure))
    const noteIssue = (issue: OpenedIssue, log: FastifyBaseLogger) => {
      issues.inc({ kind: issue.kind })
      log.error(issue, 'PAYMENTISSUE')
    }
    const tools: RefundTools = {
      provider: app.payments,
      settings: { autoRefund: config.autoRefund },
      onIssue: (issue) => noteIssue(issue, app.log),
    }
    app.decorate('refunds', {
      ...tools,
      followUp({ issues, requests }, log) {
        for (const issue of issues) noteIssue(issue, log)
        for (const id of requests) {
          const sending = sendRefund(app.actionContext, tools, id)
            .catch((err: unknown) => log.error({ err }, 'sending a refund failed'))
            .finally(() => background.delete(sending))
          background.add(sending)
        }
      },
    })
    app.addHook('onClose', async () => {
      await Promise.all(background)
    })
  },
  { name: 'payments', fastify: '5.x', dependencies: ['config', 'metrics', 'live'] },
)
