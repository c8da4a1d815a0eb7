import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { pino } from 'pino'
import accounts from '../plugins/accounts.js'
import audit from '../plugins/audit.js'
import config from '../plugins/config.js'
import database from '../plugins/database.js'
import errors from '../plugins/errors.js'
import hitCounter from '../plugins/hit-counter.js'
import apiDocs from '../plugins/http/api-docs.js'
import crossOrigin from '../plugins/http/cross-origin.js'
import { answerClientError, answerRouterError } from '../plugins/http/early-answers.js'
import hostCheck from '../plugins/http/host-check.js'
import jsonBody from '../plugins/http/json-body.js'
import overload from '../plugins/http/overload.js'
import requestFlow from '../plugins/http/request-flow.js'
import requestLimits from '../plugins/http/request-limits.js'
import securityHeaders from '../plugins/http/security-headers.js'
import session from '../plugins/http/session.js'
import jobs from '../plugins/jobs.js'
import metrics from '../plugins/metrics.js'
import payments from '../plugins/payments.js'
import principal from '../plugins/principal.js'
import redis from '../plugins/redis.js'
import sessionCookie from '../plugins/session-cookie.js'
import sharedStore from '../plugins/shared-store.js'
import shutdown from '../plugins/shutdown.js'
import handshake from '../plugins/sockets/handshake.js'
import live from '../plugins/sockets/live.js'
import openSocket from '../plugins/sockets/open-socket.js'
import socketLimits from '../plugins/sockets/socket-limits.js'
import socketLog from '../plugins/sockets/socket-log.js'
import websocket from '../plugins/sockets/websocket.js'
import { authRoutes } from '../routes/api/auth.js'
import { chatsRoutes } from '../routes/api/chats.js'
import { checkoutRoutes } from '../routes/api/checkout.js'
import { menuItemsRoutes } from '../routes/api/menu-items.js'
import { ordersRoutes } from '../routes/api/orders.js'
import { paymentsRoutes } from '../routes/api/payments.js'
import { seatsRoutes } from '../routes/api/seats.js'
import { sessionsRoutes } from '../routes/api/sessions.js'
import { theatresRoutes } from '../routes/api/theatres.js'
import { usersRoutes } from '../routes/api/users.js'
import { docsRoutes } from '../routes/operations/docs.js'
import { healthRoutes } from '../routes/operations/health.js'
import { metricsRoutes } from '../routes/operations/metrics.js'
import { pageRoutes } from '../routes/pages/pages.js'
import { socketRoutes } from '../routes/sockets/sockets.js'
import { paymentWebhookRoutes } from '../routes/webhooks/payments.js'
import type { Config } from './config/config.js'

export interface AppOptions {
  /** DATABASE_URL, or the embedded server's */
  databaseUrl: string
  /** where log lines go; stdout unless told */
  logStream?: NodeJS.WritableStream
  /** the folder of the built pages; null: this process serves none */
  pagesDirectory?: string | null
}

/** ms; a client that sends its headers slower than this is cut */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const KEEP_ALIVE_MS = 65_000
/** ms for which nothing comes and nothing of an answer is taken, on a connection that is no WebSocket */
const SILENCE_MS = 60_000
const BODY_BYTES = 64 * 1024

/**
 * The composition root. First what every request passes, in this order; then the sockets, which look a session up
 * without leaving a trace; then, in a scope of its own, everything with sessions. Resolves once all is connected;
 * the caller listens, and closes.
 */
export async function createApp(settings: Config, options: AppOptions): Promise<FastifyInstance> {
  const logger: FastifyBaseLogger = pino(
    { level: settings.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    options.logStream ?? pino.destination(1),
  )
  const app = Fastify({
    loggerInstance: logger,
    // Fastify's own lines hold the query, where old clients still send an API key
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false,
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: SILENCE_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: 2000,
      // a missing Host is for host-check to answer, in the form of all errors
      requireHostHeader: false,
    },
    // a request that was accepted is answered, in a shutdown too
    return503OnClosing: false,
    frameworkErrors: answerRouterError,
    clientErrorHandler: answerClientError,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 128 },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: true } },
  }).withTypeProvider<TypeBoxTypeProvider>()

  await app.register(config, { config: settings })
  await app.register(errors)
  await app.register(websocket)
  await app.register(requestFlow)
  await app.register(metrics)
  await app.register(securityHeaders)
  await app.register(overload)
  await app.register(sessionCookie)
  await app.register(socketLog)
  await app.register(audit)
  await app.register(database, { url: options.databaseUrl })
  await app.register(redis, { url: settings.redisUrl })
  await app.register(sharedStore)
  await app.register(hitCounter)
  await app.register(live)
  await app.register(shutdown)
  await app.register(socketLimits)
  await app.register(hostCheck)
  await app.register(crossOrigin)
  await app.register(accounts)
  await app.register(principal)
  await app.register(payments)
  await app.register(jobs)

  await app.register(apiDocs)
  await app.register(healthRoutes)
  await app.register(metricsRoutes)
  await app.register(docsRoutes)
  await app.register(async (sockets) => {
    await sockets.register(handshake)
    await sockets.register(openSocket)
    await sockets.register(socketRoutes)
  })
  await app.register(paymentWebhookRoutes)
  await app.register(async (http) => {
    await http.register(jsonBody)
    await http.register(session)
    await http.register(requestLimits)
    for (const routes of [authRoutes, sessionsRoutes, usersRoutes]) await http.register(routes)
    for (const routes of [seatsRoutes, ordersRoutes, paymentsRoutes, checkoutRoutes])
      await http.register(routes)
    for (const routes of [theatresRoutes, menuItemsRoutes, chatsRoutes]) await http.register(routes)
  })
  if (options.pagesDirectory) await app.register(pageRoutes, { directory: options.pagesDirectory })
  await app.ready()
  return app
}
