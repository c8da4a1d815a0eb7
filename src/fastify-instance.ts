import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { pino } from 'pino'
import { answerClientError, answerRouterError } from '../plugins/http/early-answers.js'
import { lazyCompilers } from '../plugins/http/lazy-compilers.js'
import { createRequestIds } from '../plugins/http/request-id.js'
import type { ServerConfig } from './config/server-config.js'

/** ms after which a client that has not sent its headers is disconnected */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const KEEP_ALIVE_MS = 65_000
/** ms without a byte read or written after which a connection that is not a WebSocket is closed */
const INACTIVITY_MS = 60_000
const BODY_BYTES = 64 * 1024
/**
 * Connections that may wait to be accepted, for `listen`. Node's default is 511: when a node is busy for a moment, a crowd that
 * comes back fills that, and the kernel drops the rest, who try again after one second, then three, then seven.
 */
export const BACKLOG = 4096
/** ms that a plugin may take to start, and to close beyond the drain */
const PLUGIN_MS = 30_000

/** A Fastify server with the limits and answers of the service and of the gate, and no plugin yet. Logs to stdout. */
export function createInstance(settings: ServerConfig, logStream?: NodeJS.WritableStream): FastifyInstance {
  const logger: FastifyBaseLogger = pino(
    { level: settings.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    logStream ?? pino.destination(1),
  )
  return Fastify({
    loggerInstance: logger,
    // Fastify's own lines contain the query, in which old clients still send an API key
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: createRequestIds(settings.trustedProxies),
    trustProxy: settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false,
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: INACTIVITY_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: 2000,
      // host-check answers a missing Host, in the form of all errors
      requireHostHeader: false,
    },
    // a request that was accepted is answered during a shutdown too
    return503OnClosing: false,
    // closing waits for the drain; Fastify's default would give up after 10 s
    pluginTimeout: (settings.lameDuckSeconds + settings.drainSeconds) * 1000 + PLUGIN_MS,
    frameworkErrors: answerRouterError,
    clientErrorHandler: answerClientError,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 128 },
    schemaController: { compilersFactory: lazyCompilers },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: true } },
  }).withTypeProvider<TypeBoxTypeProvider>()
}
