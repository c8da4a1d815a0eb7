import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { drainingPlugin } from '../../plugins/draining.js'
import { errorsPlugin } from '../../plugins/errors.js'
import { overloadPlugin } from '../../plugins/http/overload.js'
import { requestFlowPlugin } from '../../plugins/http/request-flow.js'
import { lameDuckPlugin } from '../../plugins/lame-duck.js'
import { metricsPlugin } from '../../plugins/metrics.js'
import { serverConfigPlugin } from '../../plugins/server-config.js'
import { shutdownPlugin } from '../../plugins/shutdown.js'
import { websocketPlugin } from '../../plugins/sockets/websocket.js'
import { loadConfig } from '../../src/config/config.js'
import { deferred } from '../helpers/deferred.js'
import { portOf } from '../helpers/listen.js'
import { TEST_SECRETS } from '../helpers/service.js'
import type { Teardown } from '../helpers/teardown.js'

export interface FlowApp {
  app: FastifyInstance
  port: number
  /** the ids of `/held/:id`, and of `/begun/:id` which sends its headers at once, in the order in which their handlers started */
  begun: string[]
  /** makes the started handlers of both, and all later ones, respond */
  release(): void
}

/** Starts the plugins between a connection and the route hooks, on real sockets, with routes that a test controls; no database. */
export async function startFlow(
  t: Teardown,
  options: { maxAtWork?: number; logger?: FastifyServerOptions['logger']; env?: Record<string, string> } = {},
): Promise<FlowApp> {
  const settings = loadConfig(
    { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none', ...TEST_SECRETS, ...options.env },
    { dataDirectory: '/nowhere' },
  )
  const app: FastifyInstance = Fastify({ logger: options.logger ?? false, return503OnClosing: false })
  await app.register(serverConfigPlugin, { config: settings })
  await app.register(lameDuckPlugin)
  await app.register(errorsPlugin)
  await app.register(websocketPlugin)
  await app.register(requestFlowPlugin)
  await app.register(metricsPlugin)
  await app.register(overloadPlugin, options.maxAtWork === undefined ? {} : { maxAtWork: options.maxAtWork })
  await app.register(drainingPlugin)
  await app.register(shutdownPlugin)

  const begun: string[] = []
  const { promise: held, resolve: release } = deferred()
  app.get<{ Params: { id: string } }>('/held/:id', async ({ params }) => {
    begun.push(params.id)
    await held
    return { id: params.id }
  })
  app.get<{ Params: { id: string } }>('/begun/:id', async ({ params }, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    begun.push(params.id)
    await held
    reply.raw.end(JSON.stringify({ id: params.id }))
  })
  app.get('/quick', async () => ({ quick: true }))
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/large', async () => 'x'.repeat(32 * 1024 * 1024))
  app.post<{ Body: { text: string } }>('/length', async ({ body }) => ({ length: body.text.length }))

  t.teardown(() => {
    release()
    app.server.closeAllConnections()
    return app.close()
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const port = portOf(app.server)
  return { app, port, begun, release }
}
