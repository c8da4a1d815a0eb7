import type { FastifyPluginAsync } from 'fastify'
import { withDeadline } from '../../src/concurrency/deadline.js'
import { unavailable } from '../../src/errors.js'

/** ms the database has to answer in */
const DATABASE_WAIT_MS = 1500

/** For load balancers: `/healthz` says that the process lives, `/readyz` whether to send it traffic. */
export const healthRoutes: FastifyPluginAsync = async (app) => {
  app.get('/healthz', async () => ({ status: 'ok' }))

  // concurrent probes share one query: the endpoint is public and has no other bound
  let checking: Promise<boolean> | null = null
  app.get('/readyz', async (_request, reply) => {
    checking ??= databaseAnswers().finally(() => {
      checking = null
    })
    const database = await checking
    const { isBusUp, busProblem } = app.hub
    const redis = app.config.redisUrl === null ? 'off' : isBusUp ? 'up' : 'down'
    const ready = !app.leaving && database
    return reply.code(ready ? 200 : 503).send({
      status: app.leaving ? 'draining' : !database ? 'unavailable' : isBusUp ? 'ready' : 'degraded',
      database: database ? 'up' : 'down',
      redis,
      // what is wrong with the bus between nodes, over Redis or PostgreSQL
      ...(busProblem === null ? {} : { reason: busProblem }),
    })
  })

  /** A lock, of no row: a read-only server, such as a standby after a failover, refuses that. */
  async function databaseAnswers(): Promise<boolean> {
    const answer = withDeadline(
      app.rawDb.$queryRaw`SELECT 1 FROM access_epoch WHERE false FOR KEY SHARE`,
      DATABASE_WAIT_MS,
      unavailable,
    )
    return answer.then(
      () => true,
      () => false,
    )
  }
}
