import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'

declare module 'fastify' {
  interface FastifyInstance {
    /** null without REDIS_URL */
    redisLinks: RedisLinks | null
  }
}

/** One link per use: a subscriber takes no commands, and a slow command must not hold up an event. */
export interface RedisLinks {
  commands: Redis
  publisher: Redis
  subscriber: Redis
}

const OPTIONS = {
  // while the link is down a command fails at once: queued, an event would be published late and out of order
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 250,
  connectTimeout: 2000,
  keepAlive: 5000,
  // the bus subscribes anew by itself, and then reads the log
  autoResubscribe: false,
  retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 6), 1000),
}

/**
 * Redis or Valkey, if REDIS_URL says where. It may be away, at the start too: everything goes on without it, later.
 */
export default fp<{ url: string | null }>(
  async (app, { url }) => {
    if (url === null) {
      app.decorate('redisLinks', null)
      return
    }
    // loaded only where it is used: a start without Redis is a fifth faster
    const { Redis } = await import('ioredis')
    const { default: fastifyRedis } = await import('@fastify/redis')
    const open = (name: string) =>
      watched(app, name, new Redis(url, { ...OPTIONS, connectionName: `houselights-${name}` }))
    const links = {
      commands: open('commands'),
      publisher: open('publisher'),
      // pushes are not answers: no time-out of theirs
      subscriber: open('subscriber'),
    }
    await Promise.all(Object.values(links).map(waitAWhile))
    for (const [namespace, client] of Object.entries(links)) {
      // @fastify/redis holds up the boot until `ready`, without end: one that is away is not handed to it
      if (client.status === 'ready') await app.register(fastifyRedis, { namespace, client })
    }
    app.decorate('redisLinks', links)
    app.addHook('onClose', async () => {
      for (const client of Object.values(links)) client.disconnect()
    })
  },
  { name: 'redis', fastify: '5.x', dependencies: ['config'] },
)

function watched(app: FastifyInstance, name: string, client: Redis): Redis {
  let down = false
  client.on('error', (error: Error) => {
    if (!down) app.log.warn({ link: name, code: 'code' in error ? error.code : undefined }, 'redis is down')
    down = true
  })
  client.on('ready', () => {
    if (down) app.log.info({ link: name }, 'redis is back')
    down = false
  })
  return client
}

/** Up to a second for the first connection: most starts find Redis there. */
function waitAWhile(client: Redis): Promise<void> {
  if (client.status === 'ready') return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      client.off('ready', done)
      resolve()
    }
    const timer = setTimeout(done, 1000)
    client.on('ready', done)
  })
}
