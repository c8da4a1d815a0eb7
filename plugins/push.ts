import fp from 'fastify-plugin'
import { Counter } from 'prom-client'
import { LogThrottle } from '../src/logging.js'
import { createPushService } from '../src/push/push-service.js'

/** ms between two log lines about messages that could not be sent */
const LOG_INTERVAL_MS = 10_000

/** Sends notifications of what this node has committed; without VAPID keys none. */
export const pushPlugin = fp(
  async (app) => {
    const { config, db, metrics } = app
    const { keys, hosts } = config.push
    if (!keys) {
      app.log.warn('VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY are unset: no notifications are sent')
      return
    }
    const messages = new Counter({
      name: 'houselights_push_messages_total',
      help: 'Messages to push services, by outcome',
      labelNames: ['outcome'],
      registers: [metrics.registry],
    })
    const failures = new LogThrottle(LOG_INTERVAL_MS)
    /** `reason` names neither the endpoint nor the keys */
    const warn = (fields: { reason: string } | { err: unknown }, text: string): void => {
      const suppressed = failures.record()
      if (suppressed !== null) app.log.warn({ ...fields, suppressed }, text)
    }
    const push = createPushService({
      db,
      keys,
      hosts,
      session: config.session,
      onOutcome(outcome) {
        messages.inc({ outcome: outcome.kind })
        if ('reason' in outcome) warn({ reason: outcome.reason }, 'a notification could not be sent')
      },
      onError: (err) => warn({ err }, 'notifications could not be sent'),
    })
    app.onCommit((events) => push.notify(events))
    app.addHook('onClose', async () => push.close())
  },
  { name: 'push', fastify: '5.x', dependencies: ['config', 'database', 'metrics', 'live'] },
)
