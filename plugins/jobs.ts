import fp from 'fastify-plugin'
import { deleteExpiredSessions } from '../src/accounts/session-writes.js'
import { deleteOlderThan } from '../src/events/event-log.js'
import { cancelUnpaidOrders } from '../src/orders/unpaid-orders.js'

const SECOND = 1000
const MINUTE = 60 * SECOND

/**
 * Periodic jobs. Every node runs them: each step takes its rows with SKIP LOCKED or deletes what has expired, so nodes
 * don't block each other. A failed step is retried at its next time.
 */
export const jobsPlugin = fp(
  async (app) => {
    const { config, db, actions } = app
    const timers = new Set<NodeJS.Timeout>()
    const running = new Set<Promise<void>>()

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

    app.addHook('onReady', async () => {
      every(5 * SECOND, 'cancelling unpaid orders', () =>
        cancelUnpaidOrders(actions, config.orderPaymentMinutes),
      )
      every(10 * MINUTE, 'deleting old events', () => deleteOlderThan(db, config.eventRetentionHours))
      every(10 * MINUTE, 'deleting expired sessions', () => deleteExpiredSessions(db, config.session))
    })
    app.addHook('onClose', async () => {
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(running)
    })
  },
  { name: 'jobs', fastify: '5.x', dependencies: ['config', 'database', 'live', 'payments'] },
)
