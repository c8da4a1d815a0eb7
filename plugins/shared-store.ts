import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import { withDeadline } from '../src/concurrency/deadline.js'
import { gatherWrites } from '../src/concurrency/gather-writes.js'
import type { Script, SharedStore } from '../src/limits/shared-store.js'
import { REMEDIES, redisProblem } from '../src/live/bus/bus-problem.js'
import { LogThrottle } from '../src/logging.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** null without REDIS_URL */
    sharedStore: SharedStore | null
  }
}

/** ms to wait for a reply, so that with the rest of its work no caller waits more than 250 for Redis */
const REPLY_MS = 200
/** ms between log lines about a store that fails */
const LOG_INTERVAL_MS = 60_000
/** ms for which the circuit stays open after a failure */
const OPEN_MS = 1000

/** Redis as the store in which the nodes count together. */
export const sharedStorePlugin = fp<{ replyMs?: number | undefined }>(
  async (app, { replyMs = REPLY_MS }) => {
    const { commands } = app.redis
    const throttle = new LogThrottle(LOG_INTERVAL_MS)
    const onFailure = (error: unknown) => {
      const reason = redisProblem(error)
      const suppressed = throttle.record()
      if (suppressed === null) return
      app.log.error(
        { reason, cure: REMEDIES[reason], suppressed },
        'redis does not count: this node counts alone',
      )
    }
    const prefix = commands && `${app.channelPrefix}limit:`
    app.decorate('sharedStore', commands && prefix ? createStore(commands, prefix, replyMs, onFailure) : null)
  },
  { name: 'shared-store', fastify: '5.x', dependencies: ['database', 'redis'] },
)

function createStore(
  redis: Redis,
  prefix: string,
  replyMs: number,
  onFailure: (error: unknown) => void,
): SharedStore {
  let openUntil = 0
  const store: SharedStore = {
    nameOf: (key) => prefix + key,
    async attempt(commands) {
      if (redis.status !== 'ready' || performance.now() < openUntil) throw new Error('redis is down')
      // handshakes of a storm are counted at the same moment
      gatherWrites(redis.stream)
      try {
        return await withDeadline(commands(), replyMs, () => new Error('redis does not reply'))
      } catch (error) {
        openUntil = performance.now() + OPEN_MS
        onFailure(error)
        throw error
      }
    },
    run: (script, keys, args) => store.attempt(() => evaluate(redis, script, keys, args)),
  }
  return store
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
