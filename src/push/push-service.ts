import type { SessionSettings } from '../accounts/sessions.js'
import type { Database } from '../database/client.js'
import type { StoredEvent } from '../events/event-log.js'
import type { AllowedHost } from './push-endpoint.js'
import { type PushHost, PushQueue } from './push-queue.js'
import { findRecipients, noticesOf } from './push-recipients.js'
import { PushSender, type PushSenderOptions } from './push-sender.js'

export interface PushService {
  /** Sends what the events of a commit of this process mean to people. Never throws or waits. */
  notify(events: readonly StoredEvent[]): void
  /** Resolves once everything was sent or given up, or after that time. */
  finish(timeoutMs: number): Promise<void>
  close(): void
}

export interface PushServiceOptions extends Pick<PushHost, 'onOutcome' | 'onError'> {
  db: Database
  keys: PushSenderOptions['keys']
  hosts: readonly AllowedHost[]
  session: SessionSettings
}

/** What sends a process's notifications: a node's, or a command's. */
export function createPushService({
  db,
  keys,
  hosts,
  session,
  onOutcome,
  onError,
}: PushServiceOptions): PushService {
  const sender = new PushSender({ keys, hosts })
  const queue = new PushQueue({
    find: (notices, only) => findRecipients(db, notices, session, only),
    send: (recipient, message) => sender.send(recipient, message),
    async remove(id) {
      await db.pushSubscription.deleteMany({ where: { id } })
    },
    onOutcome,
    onError,
  })
  return {
    notify: (events) => queue.add(noticesOf(events)),
    finish: (timeoutMs) => queue.finish(timeoutMs),
    close() {
      queue.close()
      sender.close()
    },
  }
}
