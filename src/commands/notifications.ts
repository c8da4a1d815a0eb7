import type { Config } from '../config/config.js'
import type { Database } from '../database/client.js'
import type { Publisher } from '../events/commit.js'
import { createPushService } from '../push/push-service.js'

/** ms that a command waits for push services before it ends */
const WAIT_MS = 15_000

export interface NotifyingPublisher {
  live: Publisher
  /** Resolves once the notifications have been sent, or after some seconds. */
  close(): Promise<void>
}

/**
 * Notifies people of what a command commits, as a node does: no other process sends it. `print` gets a line where a
 * notification could not be sent.
 */
export function withNotifications(
  live: Publisher,
  db: Database,
  { push: { keys, hosts }, session }: Config,
  print: (line: string) => void,
): NotifyingPublisher {
  if (!keys) return { live, close: async () => {} }
  let failure: string | null = null
  const push = createPushService({
    db,
    keys,
    hosts,
    session,
    onOutcome(outcome) {
      if ('reason' in outcome) failure = outcome.reason
    },
    onError(error) {
      failure = error instanceof Error ? error.message : String(error)
    },
  })
  return {
    live: {
      publish(committed, changes, theatres) {
        live.publish(committed, changes, theatres)
        push.notify(committed.events)
      },
    },
    async close() {
      await push.finish(WAIT_MS)
      push.close()
      if (failure !== null) print(`Some notifications could not be sent (${failure}).`)
    },
  }
}
