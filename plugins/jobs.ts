import fp from 'fastify-plugin'
import { deleteExpiredSessions } from '../src/accounts/session-writes.js'
import { deleteOlderThan } from '../src/events/event-log.js'
import { cancelUnpaidOrders } from '../src/orders/unpaid-orders.js'
import { type Difference, reconcile } from '../src/payments/reconciliation.js'
import { sendDueRefunds } from '../src/payments/refund-requests.js'
import { applyStored } from '../src/payments/webhook-actions.js'
import { purgePersonalData } from '../src/personal-data.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** days of charges that are compared every hour: refunds may be made in the provider's dashboard */
const COMPARED_DAYS = 5

/**
 * Periodic jobs. Every node runs them: a step takes its rows with SKIP LOCKED, deletes what has expired, or runs on one
 * node at a time, so nodes don't block each other. A failed step is retried at its next time.
 */
export const jobsPlugin = fp(
  async (app) => {
    const { config, db, actionContext, refunds } = app
    const timers = new Set<NodeJS.Timeout>()
    const running = new Set<Promise<void>>()
    const stopping = new AbortController()
    const { signal } = stopping

    function every(ms: number, doing: string, step: () => Promise<unknown>): void {
      const run = () => {
        const started = step().then(
          () => {},
          (err: unknown) => app.log.error({ err }, `${doing} failed`),
        )
        running.add(started)
        // the next one only after this one's end: a slow database is not asked twice
        started.finally(() => {
          running.delete(started)
          plan()
        })
      }
      const plan = () => {
        if (app.draining) return
        const timer = setTimeout(
          () => {
            timers.delete(timer)
            run()
          },
          ms * (0.9 + Math.random() * 0.2),
        )
        timers.add(timer)
      }
      plan()
    }

    /** Asks the payment provider, on one node at a time. `days`: compares the charges of so many days as well. */
    async function reconcileExclusively(days: number | null): Promise<void> {
      if (config.payments.provider === 'simulated') return
      const since = days === null ? null : new Date(Date.now() - days * DAY)
      await app.withClusterLock('houselights reconciliation', async () => {
        const onDifference = (difference: Difference) => app.log.warn(difference, 'RECONCILED')
        await reconcile(actionContext, refunds, { since, signal, onDifference })
      })
    }

    async function applyStoredWebhooks(): Promise<void> {
      for (const result of await applyStored(actionContext, refunds.settings)) {
        if (result.error) app.log.error({ err: result.error }, 'a stored webhook could not be applied')
        refunds.followUp(result, app.log)
      }
    }

    app.addHook('onReady', async () => {
      every(5 * SECOND, 'cancelling unpaid orders', () =>
        cancelUnpaidOrders(actionContext, config.orderPaymentMinutes),
      )
      every(5 * SECOND, 'sending refunds', () => sendDueRefunds(actionContext, refunds, signal))
      every(MINUTE, 'applying stored webhooks', applyStoredWebhooks)
      every(MINUTE, 'asking the payment provider', () => reconcileExclusively(null))
      every(HOUR, 'comparing with the payment provider', () => reconcileExclusively(COMPARED_DAYS))
      every(10 * MINUTE, 'deleting old events', () => deleteOlderThan(db, config.eventRetentionHours))
      every(HOUR, 'purging personal data', () => purgePersonalData(db, config.personalDataDays))
      every(10 * MINUTE, 'deleting expired sessions', () => deleteExpiredSessions(db, config.session))
    })
    app.addHook('onClose', async () => {
      stopping.abort()
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(running)
    })
  },
  { name: 'jobs', fastify: '5.x', dependencies: ['config', 'database', 'live', 'payments'] },
)
