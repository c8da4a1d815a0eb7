import fp from 'fastify-plugin'
import { Counter } from 'prom-client'
import { LogThrottle } from '../src/logging.js'
import { PushQueue } from '../src/push/push-queue.js'
import { findRecipients, noticesOf } from '../src/push/push-recipients.js'
import { PushSender } from '../src/push/push-sender.js'

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
    const sender = new PushSender({ keys, hosts })
    const failures = new LogThrottle(LOG_INTERVAL_MS)
    /** `reason` names neither the endpoint nor the keys */
    const warn = (fields: { reason: string } | { err: unknown }, text: string): void => {
      const suppressed = failures.record()
      if (suppressed !== null) app.log.warn({ ...fields, suppressed }, text)
    }
    const queue = new PushQueue({
      find: (notices, only) => findRecipients(db, notices, config.session, only),
      send: (recipient, message) => sender.send(recipient, message),
      async remove(id) {
        await db.pushSubscription.deleteMany({ where: { id } })
      },
      onOutcome(outcome) {
        messages.inc({ outcome: outcome.kind })
        if ('reason' in outcome) warn({ reason: outcome.reason }, 'a notification could not be sent')
      },
      onError: (err) => warn({ err }, 'notifications could not be sent'),
    })
    app.onCommit((events) => queue.add(noticesOf(events)))
    app.addHook('onClose', async () => {
      queue.close()
      sender.close()
    })
  },
  { name: 'push', fastify: '5.x', dependencies: ['config', 'database', 'metrics', 'live'] },
)
