import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { accountsPlugin } from '../plugins/accounts.js'
import { auditPlugin } from '../plugins/audit.js'
import { configPlugin } from '../plugins/config.js'
import { databasePlugin } from '../plugins/database.js'
import { drainingPlugin } from '../plugins/draining.js'
import { errorsPlugin } from '../plugins/errors.js'
import { hitCounterPlugin } from '../plugins/hit-counter.js'
import { apiDocsPlugin } from '../plugins/http/api-docs.js'
import { crossOriginPlugin } from '../plugins/http/cross-origin.js'
import { deviceMarkPlugin } from '../plugins/http/device-mark.js'
import { hostCheckPlugin } from '../plugins/http/host-check.js'
import { jsonBodyPlugin } from '../plugins/http/json-body.js'
import { overloadPlugin } from '../plugins/http/overload.js'
import { pageUserPlugin } from '../plugins/http/page-user.js'
import { requestFlowPlugin } from '../plugins/http/request-flow.js'
import { requestIdPlugin } from '../plugins/http/request-id.js'
import { requestLimitsPlugin } from '../plugins/http/request-limits.js'
import { securityHeadersPlugin } from '../plugins/http/security-headers.js'
import { sessionPlugin } from '../plugins/http/session.js'
import { jobsPlugin } from '../plugins/jobs.js'
import { lameDuckPlugin } from '../plugins/lame-duck.js'
import { managerStreamsPlugin } from '../plugins/manager-streams.js'
import { menuStreamsPlugin } from '../plugins/menu-streams.js'
import { metricsPlugin } from '../plugins/metrics.js'
import { paymentsPlugin } from '../plugins/payments.js'
import { picturesPlugin } from '../plugins/pictures.js'
import { principalPlugin } from '../plugins/principal.js'
import { pushPlugin } from '../plugins/push.js'
import { redisPlugin } from '../plugins/redis.js'
import { serverConfigPlugin } from '../plugins/server-config.js'
import { sessionCookiePlugin } from '../plugins/session-cookie.js'
import { sharedStorePlugin } from '../plugins/shared-store.js'
import { shutdownPlugin } from '../plugins/shutdown.js'
import { handshakePlugin } from '../plugins/sockets/handshake.js'
import { livePlugin } from '../plugins/sockets/live.js'
import { openSocketPlugin } from '../plugins/sockets/open-socket.js'
import { socketLimitsPlugin } from '../plugins/sockets/socket-limits.js'
import { websocketPlugin } from '../plugins/sockets/websocket.js'
import { tracingPlugin } from '../plugins/tracing.js'
import { authRoutes } from '../routes/api/auth.js'
import { chatsRoutes } from '../routes/api/chats.js'
import { checkoutRoutes } from '../routes/api/checkout.js'
import { hallsRoutes } from '../routes/api/halls.js'
import { menuItemsRoutes } from '../routes/api/menu-items.js'
import { menuOrderRoutes } from '../routes/api/menu-order.js'
import { ordersRoutes } from '../routes/api/orders.js'
import { paymentsRoutes } from '../routes/api/payments.js'
import { picturesRoutes } from '../routes/api/pictures.js'
import { pushRoutes } from '../routes/api/push.js'
import { receiptsRoutes } from '../routes/api/receipts.js'
import { seatChangesRoutes } from '../routes/api/seat-changes.js'
import { seatsRoutes } from '../routes/api/seats.js'
import { sessionsRoutes } from '../routes/api/sessions.js'
import { theatreBooksRoutes } from '../routes/api/theatre-books.js'
import { theatreChangesRoutes } from '../routes/api/theatre-changes.js'
import { theatreSettingsRoutes } from '../routes/api/theatre-settings.js'
import { theatreStaffRoutes } from '../routes/api/theatre-staff.js'
import { theatresRoutes } from '../routes/api/theatres.js'
import { usersRoutes } from '../routes/api/users.js'
import { mediaRoutes } from '../routes/media/media.js'
import { docsRoutes } from '../routes/operations/docs.js'
import { healthRoutes } from '../routes/operations/health.js'
import { metricsRoutes } from '../routes/operations/metrics.js'
import { pageRoutes } from '../routes/pages/pages.js'
import { socketRoutes } from '../routes/sockets/sockets.js'
import { paymentWebhookRoutes } from '../routes/webhooks/payments.js'
import type { Config } from './config/config.js'
import { createInstance } from './fastify-instance.js'

export interface AppOptions {
  /** DATABASE_URL, or the embedded server's */
  databaseUrl: string
  /** where log lines go; stdout by default */
  logStream?: NodeJS.WritableStream
  /** the folder of the built pages; null: serve none */
  pagesDirectory?: string | null
  /** ms to wait for a reply of Redis; for tests on a busy machine */
  redisReplyMs?: number | undefined
  /** ms between polls of the event log, each second unless given; for tests of what the bus alone delivers */
  pollMs?: number | undefined
  /** routes with sessions beside the service's own; the bench compares them with a route that does nothing else */
  moreRoutes?: FastifyPluginAsync
}

/**
 * The composition root: first what applies to every request, in this order; then the sockets, which read a session
 * without writing to it; then, in a scope of their own, the routes with sessions. Resolves once everything is
 * connected; the caller listens, and closes.
 */
export async function createApp(settings: Config, options: AppOptions): Promise<FastifyInstance> {
  const app = createInstance(settings, options.logStream)

  await app.register(configPlugin, { config: settings })
  await app.register(serverConfigPlugin, { config: settings })
  await app.register(lameDuckPlugin)
  await app.register(tracingPlugin)
  await app.register(requestIdPlugin)
  await app.register(errorsPlugin)
  await app.register(websocketPlugin)
  await app.register(requestFlowPlugin)
  await app.register(metricsPlugin)
  await app.register(securityHeadersPlugin)
  await app.register(overloadPlugin)
  await app.register(sessionCookiePlugin)
  await app.register(auditPlugin)
  await app.register(databasePlugin, { url: options.databaseUrl })
  await app.register(redisPlugin, { url: settings.redisUrl, replyMs: options.redisReplyMs })
  await app.register(sharedStorePlugin, { replyMs: options.redisReplyMs })
  await app.register(hitCounterPlugin, { store: app.sharedStore, storeClient: app.redis.commands })
  await app.register(drainingPlugin)
  await app.register(livePlugin, { url: options.databaseUrl, pollMs: options.pollMs })
  await app.register(menuStreamsPlugin)
  await app.register(managerStreamsPlugin)
  await app.register(shutdownPlugin)
  await app.register(socketLimitsPlugin, {
    sessionOf: (request) => {
      const cookie = app.sessionCookie.read(request)
      return cookie.kind === 'token' ? `session ${cookie.token}` : null
    },
    deviceOf: (request) => {
      const mark = app.sessionCookie.readMark(request)
      return mark && `device ${mark.id}`
    },
    longestSession: settings.session.absoluteSeconds,
    store: app.sharedStore,
  })
  await app.register(hostCheckPlugin)
  await app.register(crossOriginPlugin)
  await app.register(accountsPlugin)
  await app.register(principalPlugin)
  await app.register(paymentsPlugin)
  await app.register(pushPlugin)
  await app.register(jobsPlugin)
  await app.register(picturesPlugin)

  await app.register(apiDocsPlugin)
  await app.register(healthRoutes, {
    // a lock, of no row: a read-only server, such as a standby after a failover, refuses that
    askDatabase: () => app.rawDb.$queryRaw`SELECT 1 FROM access_epoch WHERE false FOR KEY SHARE`,
    others: async () => {
      const { isBusUp, busProblem } = app.hub
      const redis = settings.redisUrl === null ? 'off' : isBusUp ? 'up' : 'down'
      // what is wrong with the bus between nodes, over Redis or PostgreSQL
      const reason = busProblem === null ? {} : { reason: busProblem }
      return { isComplete: isBusUp, states: { redis, ...reason } }
    },
  })
  await app.register(metricsRoutes)
  await app.register(docsRoutes)
  await app.register(async (sockets) => {
    await sockets.register(handshakePlugin)
    await sockets.register(openSocketPlugin)
    await sockets.register(socketRoutes)
  })
  await app.register(paymentWebhookRoutes)
  await app.register(seatChangesRoutes)
  await app.register(theatreChangesRoutes)
  await app.register(mediaRoutes)
  await app.register(async (http) => {
    await http.register(jsonBodyPlugin)
    await http.register(sessionPlugin)
    await http.register(deviceMarkPlugin)
    await http.register(requestLimitsPlugin)
    await http.register(pageUserPlugin)
    for (const routes of [authRoutes, sessionsRoutes, usersRoutes]) await http.register(routes)
    for (const routes of [seatsRoutes, ordersRoutes, paymentsRoutes, checkoutRoutes])
      await http.register(routes)
    for (const routes of [theatresRoutes, menuItemsRoutes, menuOrderRoutes, picturesRoutes])
      await http.register(routes)
    for (const routes of [theatreSettingsRoutes, theatreBooksRoutes, chatsRoutes]) await http.register(routes)
    for (const routes of [hallsRoutes, theatreStaffRoutes, receiptsRoutes, pushRoutes])
      await http.register(routes)
    if (options.moreRoutes) await http.register(options.moreRoutes)
  })
  if (options.pagesDirectory) await app.register(pageRoutes, { directory: options.pagesDirectory })
  await app.ready()
  return app
}
