import type { FastifyPluginAsync } from 'fastify'

/** ms in which the database has to answer */
const DATABASE_WAIT_MS = 1500

/** For load balancers: `/healthz` says that the process lives, `/readyz` whether to send it traffic. */
export const healthRoutes: FastifyPluginAsync = async (app) => {
  app.get('/healthz', async () => ({ status: 'ok' }))

  // one question for all who ask meanwhile: everybody may, and nothing else bounds them
  let asking: Promise<boolean> | null = null
  app.get('/readyz', async (_request, reply) => {
    asking ??= databaseAnswers().finally(() => {
      asking = null
    })
    const database = await asking
    const redis = app.redisLinks === null ? 'off' : app.hub.isBusUp ? 'up' : 'down'
    const ready = !app.draining && database
    return reply.code(ready ? 200 : 503).send({
      status: app.draining ? 'draining' : !database ? 'unavailable' : redis === 'down' ? 'degraded' : 'ready',
      database: database ? 'up' : 'down',
      redis,
    })
  })

  async function databaseAnswers(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), DATABASE_WAIT_MS)
    })
    const asked = app.db.$queryRaw`SELECT 1`.then(
      () => true,
      () => false,
    )
    try {
      return await Promise.race([asked, late])
    } finally {
      clearTimeout(timer)
    }
  }
}
