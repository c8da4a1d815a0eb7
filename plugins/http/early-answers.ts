import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { DomainError } from '../../src/errors.js'
import { namesWebSocket } from '../../src/http/handshake.js'
import { earlyHeaders, STRICT_TRANSPORT } from '../../src/http/security-headers.js'

// What is answered before any hook runs, by the router or by Node's parser: options of the instance, no plugin.

type Answer = [status: number, code: string, message: string]

const BAD_PATH: Answer = [400, 'malformed_path', 'The path can’t be read.']
const LONG_PATH: Answer = [414, 'path_too_long', 'A part of the path is too long.']
const BAD_REQUEST: Answer = [400, 'malformed_request', 'The request can’t be read.']
const TOO_SLOW: Answer = [408, 'request_timeout', 'The request came too slowly.']
const LONG_HEADERS: Answer = [431, 'headers_too_large', 'The headers are too large.']

const bodyOf = ([, error, message]: Answer) => JSON.stringify({ error, message })

/**
 * A path that the router can't take. For an upgrade no hook of @fastify/websocket runs either, and its socket would
 * stay open for ever and hang the shutdown: every connection ends with such an answer. It is a refused handshake like
 * any other: counted, and turned away before anything is looked at.
 */
export function answerRouterError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const { socketLimits, config } = request.server
  const { socket, headers } = request.raw
  const isUpgrade = namesWebSocket(headers.upgrade)
  const turnedAway = isUpgrade ? caught(() => socketLimits.check(request)) : null
  const isLong = error.code === 'FST_ERR_MAX_PARAM_LENGTH' && !isUpgrade
  const answer: Answer = turnedAway
    ? [turnedAway.status, turnedAway.code, turnedAway.message]
    : isLong
      ? LONG_PATH
      : BAD_PATH
  const [status, code] = answer
  const response = reply.raw
  const body = bodyOf(answer)
  const isSecure = config.isProduction && request.protocol === 'https'
  response.writeHead(status, {
    ...earlyHeaders(body),
    ...(turnedAway?.retryAfter === undefined ? {} : { 'retry-after': String(turnedAway.retryAfter) }),
    ...(isSecure ? { 'strict-transport-security': STRICT_TRANSPORT } : {}),
  })
  response.end(body, () => socket.destroySoon())
  if (isUpgrade) void socketLimits.refused(request, status, code)
}

function caught(judge: () => void): DomainError | null {
  try {
    judge()
    return null
  } catch (error) {
    if (error instanceof DomainError) return error
    throw error
  }
}

/** Bytes that are no request, or came too slowly. What was wrong is not said: it may hold the client's secrets. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const answer = answerTo(error.code)
  const [status] = answer
  const body = bodyOf(answer)
  const head = Object.entries(earlyHeaders(body)).map(([name, value]) => `${name}: ${value}\r\n`)
  if (socket.writable) {
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`)
  }
  // not before the answer is on its way, and not waiting for a peer that goes on sending
  socket.destroySoon()
}

function answerTo(code: string | undefined): Answer {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return TOO_SLOW
  return code === 'HPE_HEADER_OVERFLOW' ? LONG_HEADERS : BAD_REQUEST
}
