import type { Database } from '../database/client.js'
import type { Publisher } from '../events/commit.js'
import { ACCESS_CHANNEL, encodeEvent } from '../live/bus/bus-messages.js'
import { channelPrefix } from '../live/bus/channel-prefix.js'

export interface CommandPublisher {
  live: Publisher
  /** Resolves once everything published has been sent, or has failed. */
  close(): Promise<void>
}

/** ms that a command waits for Redis, at the start and at the end */
const REDIS_WAIT_MS = 1000

/**
 * Publishes a command's commits to the running nodes over Redis. Without REDIS_URL, or while Redis is down, nothing is
 * lost: the nodes poll the database for events and changes of rights every second.
 */
export async function createPublisher(redisUrl: string | null, db: Database): Promise<CommandPublisher> {
  if (redisUrl === null) return { live: { publish() {} }, close: async () => {} }
  const { Redis } = await import('ioredis')
  const redis = new Redis(redisUrl, {
    connectTimeout: REDIS_WAIT_MS,
    commandTimeout: REDIS_WAIT_MS,
    enableOfflineQueue: false,
    lazyConnect: true,
    retryStrategy: () => null,
  })
  redis.on('error', () => {})
  await redis.connect().catch(() => {})
  const prefix = await channelPrefix(db)
  const sent: Promise<unknown>[] = []
  const send = (channel: string, message: string) => {
    if (redis.status === 'ready') sent.push(redis.publish(prefix + channel, message).catch(() => {}))
  }
  return {
    live: {
      publish({ events, epoch }, changes) {
        if (changes.length > 0) send(ACCESS_CHANNEL, String(epoch))
        for (const event of events) send(event.group, encodeEvent(event))
      },
    },
    async close() {
      await Promise.all(sent)
      redis.disconnect()
    },
  }
}
