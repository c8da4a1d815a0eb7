import type { FastifyPluginAsync } from 'fastify'
import { withDeadline } from '../../src/concurrency/deadline.js'
import { unavailable } from '../../src/errors.js'

/** ms the database has to answer in */
const DATABASE_WAIT_MS = 1500

export interface HealthOptions {
  /** Rejects when the database does not answer. */
  askDatabase(): Promise<unknown>
  /** what else the answer names, and whether the service is complete with it */
  others(): Promise<{ isComplete: boolean; states: Record<string, string> }>
}

/** For load balancers: `/healthz` says that the process lives, `/readyz` whether to send it traffic. */
export const healthRoutes: FastifyPluginAsync<HealthOptions> = async (app, { askDatabase, others }) => {
  app.get('/healthz', async () => ({ status: 'ok' }))

  // concurrent probes share one look: the endpoint is public and has no other bound
  let checking: ReturnType<typeof look> | null = null
  app.get('/readyz', async (_request, reply) => {
    checking ??= look().finally(() => {
      checking = null
    })
    const { database, isComplete, states } = await checking
    const ready = !app.shuttingDown && database
    return reply.code(ready ? 200 : 503).send({
      status: app.shuttingDown ? 'draining' : !database ? 'unavailable' : isComplete ? 'ready' : 'degraded',
      database: database ? 'up' : 'down',
      ...states,
    })
  })

  async function look() {
    const answer = withDeadline(askDatabase(), DATABASE_WAIT_MS, unavailable)
    const database = answer.then(
      () => true,
      () => false,
    )
    return { database: await database, ...(await others()) }
  }
}
