import { randomUUID } from 'node:crypto'
import type { Database } from '../database/client.js'
import type { Publisher } from '../events/commit.js'
import { ACCESS_CHANNEL, messagesOf, THEATRES_CHANNEL } from '../live/bus/bus-messages.js'
import { channelPrefix } from '../live/bus/channel-prefix.js'
import { type BusMessage, encodeNotices, NOTIFY, noticeChannel } from '../live/bus/notices.js'

export interface CommandPublisher {
  live: Publisher
  /** Resolves once everything published has been sent, or has failed. */
  close(): Promise<void>
}

/** ms that a command waits for Redis, at the start and at the end */
const REDIS_WAIT_MS = 1000

/**
 * Publishes a command's commits to the running nodes, over Redis or else PostgreSQL's NOTIFY. When that fails nothing is
 * lost: the nodes poll the database for events and changes of rights every second.
 */
export function createPublisher(redisUrl: string | null, db: Database): Promise<CommandPublisher> {
  return redisUrl === null ? notifyPublisher(db) : redisPublisher(redisUrl, db)
}

async function notifyPublisher(db: Database): Promise<CommandPublisher> {
  const channel = noticeChannel(await channelPrefix(db))
  const sender = randomUUID().slice(0, 8)
  const sent: Promise<unknown>[] = []
  const send = (messages: BusMessage[]) => {
    const notices = encodeNotices({ sender, number: sent.length + 1, messages })
    sent.push(db.$executeRawUnsafe(NOTIFY, channel, notices).catch(() => {}))
  }
  return {
    live: {
      publish({ events, epoch }, changes, theatres) {
        const rights: BusMessage[] = changes.length > 0 ? [[ACCESS_CHANNEL, String(epoch)]] : []
        const menus = theatres.map((id): BusMessage => [THEATRES_CHANNEL, String(id)])
        send([...rights, ...messagesOf(events, false), ...menus])
      },
    },
    async close() {
      await Promise.all(sent)
    },
  }
}

async function redisPublisher(url: string, db: Database): Promise<CommandPublisher> {
  const { Redis } = await import('ioredis')
  const redis = new Redis(url, {
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
      publish({ events, epoch }, changes, theatres) {
        if (changes.length > 0) send(ACCESS_CHANNEL, String(epoch))
        for (const [group, message] of messagesOf(events, true)) send(group, message)
        for (const id of theatres) send(THEATRES_CHANNEL, String(id))
      },
    },
    async close() {
      await Promise.all(sent)
      redis.disconnect()
    },
  }
}
