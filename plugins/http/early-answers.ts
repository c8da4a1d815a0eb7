import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { DomainError } from '../../src/errors.js'
import { namesWebSocket } from '../../src/http/handshake.js'
import { earlyHeaders, STRICT_TRANSPORT } from '../../src/http/security-headers.js'

// Responses that precede all hooks, of the router and of Node's parser: options of the instance, not a plugin.

type Answer = [status: number, code: string, message: string]

const BAD_PATH: Answer = [400, 'malformed_path', 'The path is malformed.']
const LONG_PATH: Answer = [414, 'path_too_long', 'A part of the path is too long.']
const BAD_REQUEST: Answer = [400, 'malformed_request', 'The request is malformed.']
const TOO_SLOW: Answer = [408, 'request_timeout', 'The request took too long to arrive.']
const LONG_HEADERS: Answer = [431, 'headers_too_large', 'The headers are too large.']

const bodyOf = ([status, error, message]: Answer, requestId?: string) =>
  JSON.stringify({ error, message, ...(status >= 500 ? { requestId } : {}) })

/**
 * Responds to a path that the router can't parse, and closes the connection: for an upgrade no hook of @fastify/websocket
 * runs, so its socket would stay open and hang the shutdown. Such a handshake is counted as refused, and blocked, like
 * any other.
 */
export function answerRouterError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const { socketLimits, serverConfig } = request.server
  const { socket, headers } = request.raw
  const isUpgrade = namesWebSocket(headers.upgrade)
  const blocked = isUpgrade ? errorOf(() => socketLimits.check(request)) : null
  const isLong = error.code === 'FST_ERR_MAX_PARAM_LENGTH' && !isUpgrade
  const answer: Answer = blocked
    ? [blocked.status, blocked.code, blocked.message]
    : isLong
      ? LONG_PATH
      : BAD_PATH
  const [status, code] = answer
  const response = reply.raw
  const body = bodyOf(answer, request.id)
  const isSecure = serverConfig.isProduction && request.protocol === 'https'
  response.writeHead(status, {
    ...earlyHeaders(body, request.id),
    ...(blocked?.retryAfter === undefined ? {} : { 'retry-after': String(blocked.retryAfter) }),
    ...(isSecure ? { 'strict-transport-security': STRICT_TRANSPORT } : {}),
  })
  response.end(body, () => socket.destroySoon())
  if (isUpgrade) void socketLimits.recordRefusal(request, status, code)
}

function errorOf(check: () => void): DomainError | null {
  try {
    check()
    return null
  } catch (error) {
    if (error instanceof DomainError) return error
    throw error
  }
}

/** Responds to bytes that are no HTTP request, or arrive too slowly. No detail is sent or logged: it may hold secrets. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const answer = answerTo(error.code)
  const [status] = answer
  const body = bodyOf(answer)
  const head = Object.entries(earlyHeaders(body, null)).map(([name, value]) => `${name}: ${value}\r\n`)
  if (socket.writable) {
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`)
  }
  // after the response is written, without waiting for a peer that goes on sending
  socket.destroySoon()
}

function answerTo(code: string | undefined): Answer {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return TOO_SLOW
  return code === 'HPE_HEADER_OVERFLOW' ? LONG_HEADERS : BAD_REQUEST
}
