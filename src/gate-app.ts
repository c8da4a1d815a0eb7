import type { FastifyInstance } from 'fastify'
import { auditPlugin } from '../plugins/audit.js'
import { drainingPlugin } from '../plugins/draining.js'
import { errorsPlugin } from '../plugins/errors.js'
import { djangoPlugin } from '../plugins/gate/django.js'
import { djangoCookiePlugin } from '../plugins/gate/django-cookie.js'
import { gateHandshakePlugin } from '../plugins/gate/gate-handshake.js'
import { gateSocketsPlugin } from '../plugins/gate/gate-sockets.js'
import { hitCounterPlugin } from '../plugins/hit-counter.js'
import { hostCheckPlugin } from '../plugins/http/host-check.js'
import { overloadPlugin } from '../plugins/http/overload.js'
import { requestFlowPlugin } from '../plugins/http/request-flow.js'
import { requestIdPlugin } from '../plugins/http/request-id.js'
import { securityHeadersPlugin } from '../plugins/http/security-headers.js'
import { lameDuckPlugin } from '../plugins/lame-duck.js'
import { metricsPlugin } from '../plugins/metrics.js'
import { serverConfigPlugin } from '../plugins/server-config.js'
import { shutdownPlugin } from '../plugins/shutdown.js'
import { socketLimitsPlugin } from '../plugins/sockets/socket-limits.js'
import { websocketPlugin } from '../plugins/sockets/websocket.js'
import { healthRoutes } from '../routes/operations/health.js'
import { metricsRoutes } from '../routes/operations/metrics.js'
import type { GateConfig } from './config/gate-config.js'
import { createInstance } from './fastify-instance.js'
import type { GateFile } from './gate/gate-file.js'
import { isListening } from './gate/upstream.js'

export interface GateOptions {
  /** where log lines go; stdout by default */
  logStream?: NodeJS.WritableStream
  /** ms between questions about all open sessions, each second unless given; for tests of what notices alone do */
  pollEveryMs?: number | undefined
  /** ms between checks that notices arrive, each 5 s unless given; for tests */
  checkEveryMs?: number | undefined
}

/**
 * The composition root of the gate: the plugins of the service that know no database of ours, then Django's sessions, then
 * one socket for each route of gate.json. Resolves once the database has confirmed what gate.json says; the caller
 * listens, and closes.
 *
 * @throws {GateFileError} with what the database finds wrong
 */
export async function createGate(
  config: GateConfig,
  file: GateFile,
  { logStream, ...timing }: GateOptions = {},
): Promise<FastifyInstance> {
  const app = createInstance(config, logStream)
  try {
    await registerAll(app, config, file, timing)
    return app
  } catch (error) {
    // connections to the database may be open
    await app.close().catch(() => {})
    throw error
  }
}

/** First what applies to every request, in this order, then the sockets. */
async function registerAll(
  app: FastifyInstance,
  config: GateConfig,
  file: GateFile,
  timing: Omit<GateOptions, 'logStream'>,
): Promise<void> {
  await app.register(serverConfigPlugin, { config })
  await app.register(lameDuckPlugin)
  await app.register(requestIdPlugin)
  await app.register(errorsPlugin)
  await app.register(websocketPlugin)
  await app.register(requestFlowPlugin)
  await app.register(metricsPlugin)
  await app.register(securityHeadersPlugin)
  await app.register(overloadPlugin)
  await app.register(auditPlugin, {
    identityOf: ({ djangoSession }) =>
      djangoSession && { userId: djangoSession.userId, sessionId: djangoSession.key },
  })
  await app.register(hitCounterPlugin, { store: null, storeClient: undefined })
  await app.register(drainingPlugin)
  const { databaseUrl: url, secrets, cookieName } = config.django
  await app.register(djangoPlugin, { file, url, secrets, ...timing })
  await app.register(djangoCookiePlugin, { name: cookieName })
  await app.register(gateSocketsPlugin)
  await app.register(shutdownPlugin)
  await app.register(socketLimitsPlugin, {
    sessionOf: (request) => app.djangoCookie.clientOf(request),
    mayHoldSession: (request) => app.djangoCookie.mayHoldSession(request),
    deviceOf: () => null,
    longestSession: 0,
    store: null,
  })
  await app.register(hostCheckPlugin)
  await app.register(healthRoutes, {
    askDatabase: () => app.django.reader.database.read((query) => query('SELECT 1', [])),
    others: async () => {
      const isUp = await areUpstreamsUp(file)
      const watch = app.django.noticeState === 'notices' ? 'notices' : 'polling'
      return { isComplete: isUp, states: { upstream: isUp ? 'up' : 'down', watch } }
    },
  })
  await app.register(metricsRoutes)
  await app.register(async (sockets) => {
    await sockets.register(gateHandshakePlugin)
    // the handshake's hooks take the connection over: no handler runs
    for (const gate of file.routes) sockets.get(gate.path, { websocket: true, config: { gate } }, () => {})
  })
  await app.ready()
}

async function areUpstreamsUp({ routes }: GateFile): Promise<boolean> {
  const addresses = new Map(routes.map(({ upstream }) => [`${upstream.host}:${upstream.port}`, upstream]))
  return (await Promise.all([...addresses.values()].map(isListening))).every((isUp) => isUp)
}
