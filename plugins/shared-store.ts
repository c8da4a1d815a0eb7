import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import type { Script, SharedStore } from '../src/limits/shared-store.js'
import { channelPrefix } from '../src/live/bus/channel-prefix.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** null without REDIS_URL */
    sharedStore: SharedStore | null
  }
}

/** ms that a question may take, so that no caller waits more than 250 for Redis, whatever it does */
const ANSWER_MS = 200
/** ms for which a Redis that did not answer is not asked again */
const REST_MS = 1000

/** Redis as the place where the nodes count together. */
export default fp(
  async (app) => {
    const { redisLinks } = app
    if (!redisLinks) {
      app.decorate('sharedStore', null)
      return
    }
    const subscriber = redisLinks.subscriber.duplicate()
    subscriber.on('error', () => {})
    app.decorate(
      'sharedStore',
      createStore(redisLinks.commands, subscriber, `${await channelPrefix(app.db)}limit:`),
    )
    app.addHook('onClose', async () => subscriber.disconnect())
  },
  { name: 'shared-store', fastify: '5.x', dependencies: ['database', 'redis'] },
)

function createStore(commands: Redis, subscriber: Redis, prefix: string): SharedStore {
  const listeners = new Map<string, (message: string) => void>()
  const subscribe = () => {
    if (listeners.size > 0 && subscriber.status === 'ready') {
      subscriber.subscribe(...listeners.keys()).catch(() => {})
    }
  }
  subscriber.on('ready', subscribe)
  subscriber.on('message', (channel: string, message: string) => listeners.get(channel)?.(message))
  let restsUntil = 0

  return {
    nameOf: (key) => prefix + key,
    async run(script, keys, args) {
      if (commands.status !== 'ready' || performance.now() < restsUntil) throw new Error('redis is down')
      try {
        return await withDeadline(evaluate(commands, script, keys, args))
      } catch (error) {
        restsUntil = performance.now() + REST_MS
        throw error
      }
    },
    listen(channel, listener) {
      listeners.set(channel, listener)
      subscribe()
    },
  }
}

async function evaluate(
  redis: Redis,
  { text, sha }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(sha, keys.length, ...keys, ...args)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return await redis.eval(text, keys.length, ...keys, ...args)
  }
}

function withDeadline<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('redis does not answer')), ANSWER_MS)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
