import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { DomainError, type ErrorDetail, unavailable } from '../src/errors.js'
import { LogThrottles } from '../src/logging.js'

interface ErrorBody {
  error: string
  message: string
  details?: ErrorDetail[]
  /** of a fault of ours: names the log lines of the request, and what the caller may report */
  requestId?: string
}

/** The codes of Fastify's own errors. */
const FASTIFY_CODES: Record<string, [status: number, code: string, message: string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'unsupported_media_type', 'Send application/json.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'malformed_body', 'The body is empty.'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'malformed_body', 'The body is not JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'malformed_body', 'The body doesn’t match its Content-Length.'],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'body_too_large', 'The body is too large.'],
}

/** ms between two log lines about the same failure: while the database is away every request fails */
const LOG_INTERVAL_MS = 1000

const FAILED = 'a request failed'

/** Sends every error as `{error, message, details?}`, a fault of ours with `requestId`, without internal details. */
export const errorsPlugin = fp(
  async (app) => {
    const throttles = new LogThrottles(LOG_INTERVAL_MS)
    app.setErrorHandler((error: FastifyError, request, reply) => sendError(error, request, reply, throttles))
    app.setNotFoundHandler((_request, reply) =>
      reply.code(404).send({ error: 'not_found', message: 'Not found.' } satisfies ErrorBody),
    )
  },
  { name: 'errors', fastify: '5.x' },
)

function sendError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  throttles: LogThrottles,
): FastifyReply {
  if (error instanceof DomainError) {
    if (error.cause instanceof Error) logFault(error.cause, error.cause.message, request, throttles)
    if (error.retryAfter !== undefined) reply.header('retry-after', String(error.retryAfter))
    const own = error.status < 500 ? {} : { requestId: request.id }
    return reply
      .code(error.status)
      .send({ ...bodyOf(error.code, error.message, error.details), ...error.body, ...own })
  }
  if (error.validation) {
    const details = error.validation.map((rule) => ({
      path: pathOf(error.validationContext, rule.instancePath, rule.params).join('.'),
      message: rule.message ?? 'is not valid',
    }))
    const [first] = details
    return reply.code(400).send(bodyOf('validation_failed', `${first?.path} ${first?.message}.`, details))
  }
  const known = FASTIFY_CODES[error.code]
  if (known) return reply.code(known[0]).send(bodyOf(known[1], known[2]))
  if (error instanceof SyntaxError && error.statusCode === 400) {
    return reply.code(400).send(bodyOf('malformed_body', 'The body is not JSON.'))
  }
  if (error.statusCode === 429)
    return reply.code(429).send(bodyOf('too_many_requests', 'Too many requests: wait a moment.'))
  if (error.statusCode && error.statusCode >= 400 && error.statusCode < 500) {
    return reply.code(error.statusCode).send(bodyOf('bad_request', 'The request is not valid.'))
  }
  if (isDatabaseAway(error)) {
    logFault(error, 'the database does not respond', request, throttles)
    return sendError(unavailable(), request, reply, throttles)
  }
  logFault(error, FAILED, request, throttles)
  const body = { ...bodyOf('internal_error', 'Internal server error.'), requestId: request.id }
  return reply.code(500).send(body satisfies ErrorBody)
}

/** Logs one of the same faults per interval; for `a request failed` those of one route are the same. */
function logFault(err: Error, text: string, request: FastifyRequest, throttles: LogThrottles): void {
  const { url = 'none' } = request.routeOptions
  const suppressed = throttles.record(text === FAILED ? `${request.method} ${url} ${err.name}` : text)
  if (suppressed !== null) request.log.error({ err, suppressed }, text)
}

function bodyOf(error: string, message: string, details?: ErrorDetail[]): ErrorBody {
  return details ? { error, message, details } : { error, message }
}

/** Names a field of a body or query as actions do (`invalid`), so that a form finds it under one name. */
function pathOf(
  context: string | undefined,
  instancePath: string,
  params: Record<string, unknown>,
): string[] {
  const extra = params.missingProperty ?? params.additionalProperty
  const path = instancePath.split('/').filter((part) => part !== '')
  if (typeof extra === 'string') path.push(extra)
  const isNamed = path.length > 0 && (context === 'body' || context === 'querystring')
  return isNamed || context === undefined ? path : [context, ...path]
}

/**
 * Codes of Prisma, the driver and PostgreSQL for: no connection, no free connection in time, no response in time, a
 * transaction that was ended for another's sake.
 */
const AWAY = new Set([
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2028',
  'P2034',
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'read_only_server',
  '40001',
  '40P01',
  '53300',
  '57014',
  '57P01',
  '57P02',
  '57P03',
  '25006',
])
const AWAY_TEXT =
  /timeout exceeded when trying to connect|Server has closed the connection|connection error and is not queryable|not currently accepting connections|Connection terminated|Query read timeout|canceling statement due to statement timeout|the database system is (?:starting up|shutting down|in recovery)|not (?:yet|currently) accepting connections|too many clients|remaining connection slots|terminating connection|Unable to start a transaction|Transaction (?:already closed|API error)|Can't reach database|DatabaseNotReachable|SocketTimeout|ConnectionClosed|ECONNREFUSED|ECONNRESET|leads to a read-only server|in a read-only transaction|during recovery|Code: `25006`/

/** Is the database unreachable? Then 503, with Retry-After: the caller can't know whether its change was committed. */
export function isDatabaseAway(error: unknown): boolean {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; depth++) {
    if ('code' in cause && typeof cause.code === 'string' && AWAY.has(cause.code)) return true
    if (AWAY_TEXT.test(cause.message)) return true
    cause = cause.cause
  }
  return false
}
