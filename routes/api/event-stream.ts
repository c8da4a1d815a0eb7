import type { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'

/** seconds after which a client that has too many streams may try again */
export const STREAM_RETRY_SECONDS = 30

/** The schema of a response of server-sent events; `description`: what the events are. */
export const eventStream = (description: string) => ({
  200: {
    content: { 'text/event-stream': { schema: Type.Unsafe<Readable>({ type: 'string', description }) } },
  },
})

/** Answers with server-sent events, which neither a cache nor a proxy may keep. */
export const sendEvents = (reply: FastifyReply, stream: Readable): FastifyReply =>
  reply
    .header('content-type', 'text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no')
    .send(stream)
