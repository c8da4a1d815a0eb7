import { connect } from 'node:net'
import type {} from '@fastify/redis'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import { type BusProblem, REMEDIES, redisProblem } from '../src/live/bus/bus-problem.js'

/** Namespaces of `app.redis`. A subscriber takes no commands, and a slow command must not delay a publication. */
const LINKS = ['commands', 'publisher', 'subscriber'] as const

const OPTIONS = {
  // while the link is down a command fails at once: an event from a queue would be published late and out of order
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 2000,
  // INFO, which a user may lack the right to; while Redis is loading, the bus and the store notice
  enableReadyCheck: false,
  keepAlive: 5000,
  // the bus subscribes again itself, and then reads the log
  autoResubscribe: false,
  retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 6), 1000),
}
/** ms after which a command is given up; callers have shorter deadlines of their own */
const COMMAND_TIMEOUT_MS = 1000
/** ms to wait for the reply of a server that refuses connections */
const REFUSAL_MS = 300
/** ms the start waits for each link: usually Redis is up */
const CONNECT_WAIT_MS = 1000

/**
 * The only access to Redis or Valkey: `app.redis.commands`, `.publisher` and `.subscriber`, all undefined without
 * REDIS_URL. Redis may be down, at the start too; the links then connect later.
 */
export const redisPlugin = fp<{ url: string | null; replyMs?: number | undefined }>(
  async (app, { url, replyMs = 0 }) => {
    app.decorate('redis', Object.create(null))
    if (url === null) return
    // imported only when used: it takes a fifth of a start
    const { Redis } = await import('ioredis')
    const { default: fastifyRedis } = await import('@fastify/redis')
    const commandTimeout = Math.max(COMMAND_TIMEOUT_MS, replyMs)
    const links = LINKS.map((namespace) => ({
      namespace,
      client: new Redis(url, { ...OPTIONS, commandTimeout, connectionName: `houselights-${namespace}` }),
    }))
    for (const { namespace, client } of links) {
      logState(app, namespace, client)
      reportRefusals(client)
    }
    app.addHook('onClose', async () => {
      for (const { client } of links) client.disconnect()
    })
    await Promise.all(links.map(({ client }) => waitUntilReady(client)))
    for (const { namespace, client } of links) {
      // @fastify/redis would block the boot until the link is ready
      if (client.status === 'ready') await app.register(fastifyRedis, { namespace, client })
      else app.redis[namespace] = client
    }
  },
  { name: 'redis', fastify: '5.x', dependencies: ['config'] },
)

/** Logs a link when it goes down, and why, and when it is up again. Without an 'error' listener ioredis prints. */
function logState(app: FastifyInstance, link: string, client: Redis): void {
  let last: BusProblem | null = null
  client.on('error', (error: Error) => {
    const reason = redisProblem(error)
    // the end of a connection that Redis refused says less than the refusal
    if (reason === last || (last !== null && reason === 'away')) return
    const code = 'code' in error ? error.code : undefined
    app.log.warn({ link, reason, cure: REMEDIES[reason], code }, 'redis is down')
    last = reason
  })
  client.on('ready', () => {
    if (last !== null) app.log.info({ link }, 'redis is back')
    last = null
  })
}

/**
 * A server at its limit replies before it closes the connection, and ioredis, which writes first, only sees the end. Then
 * the reply is read on a connection of its own, and reported like any other error.
 */
function reportRefusals(client: Redis): void {
  const { host, port, path, tls } = client.options
  let isAsking = false
  client.on('error', (error: Error) => {
    const isCut = 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET')
    if (!isCut || isAsking || tls) return
    isAsking = true
    const socket = connect(path ? { path } : { host: host ?? 'localhost', port: port ?? 6379 })
    // a server that takes connections waits for a command
    socket.setTimeout(REFUSAL_MS, () => socket.destroy())
    socket.on('error', () => {})
    socket.once('data', (reply) => {
      const [line = ''] = reply.toString('latin1').split('\r\n')
      if (line.startsWith('-')) client.emit('error', new Error(line.slice(1)))
      socket.destroy()
    })
    socket.once('close', () => {
      isAsking = false
    })
  })
}

/** Resolves once the link is ready, or after a second. */
function waitUntilReady(client: Redis): Promise<void> {
  if (client.status === 'ready') return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      client.off('ready', done)
      resolve()
    }
    const timer = setTimeout(done, CONNECT_WAIT_MS)
    client.on('ready', done)
  })
}
