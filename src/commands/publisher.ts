import type { Database } from '../database/client.js'
import type { Publisher } from '../events/commit.js'
import { ACCESS_CHANNEL, encodeEvent } from '../live/bus/bus-messages.js'
import { channelPrefix } from '../live/bus/channel-prefix.js'

export interface CommandPublisher {
  live: Publisher
  /** Resolves once what was published is on its way. */
  close(): Promise<void>
}

/** ms that a command waits for Redis, at its start and at its end */
const REDIS_WAIT_MS = 1000

/**
 * Tells running nodes of a command's commits at once. Without REDIS_URL, or while Redis is away, nothing is lost: the
 * nodes ask the log every second, and for changes of rights with it.
 */
export async function openPublisher(redisUrl: string | null, db: Database): Promise<CommandPublisher> {
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
