import type { onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { PacedQueue } from '../../src/concurrency/paced-queue.js'
import { unavailable } from '../../src/errors.js'
import { isProbe, originFormPath } from '../../src/http/request-target.js'

/** concurrent requests in progress: about as many as the database can serve within the pool's deadline */
const MAX_AT_WORK = 1000
/** requests that begin in one iteration of the event loop */
const STARTS_PER_ITERATION = 8

/**
 * Bounds the HTTP requests in progress on a node, and so the queue for its database; beyond that, 503 at once. A request
 * doesn't count while its body arrives or its response is sent: a client that is slow or gone takes no slot. Few begin in one
 * iteration of the event loop, so that a flood of them delays the sockets' events and snapshots little. Probes, and
 * handshakes, which have bounds of their own, always pass.
 */
export const overloadPlugin = fp<{ maxAtWork?: number }>(
  async (app, { maxAtWork = MAX_AT_WORK }) => {
    const atWork = new Set<object>()
    const starts = new PacedQueue(STARTS_PER_ITERATION)
    const begin =
      (start: (done: () => void) => void): onRequestHookHandler =>
      ({ ws, raw }, _reply, done) => {
        if (ws || isProbe(originFormPath(raw.url))) return done()
        if (atWork.size >= maxAtWork) return done(unavailable())
        atWork.add(raw)
        start(done)
      }
    app.addHook(
      'onRequest',
      begin((done) => starts.run(done)),
    )
    app.addHook('preParsing', ({ raw }, _reply, payload, done) => {
      atWork.delete(raw)
      done(null, payload)
    })
    app.addHook(
      'preValidation',
      begin((done) => done()),
    )
    app.addHook('onSend', ({ raw }, _reply, payload, done) => {
      atWork.delete(raw)
      done(null, payload)
    })
    app.metrics.gauge('requests_at_work', 'HTTP requests in progress on this node', () => atWork.size)
  },
  { name: 'overload', fastify: '5.x', dependencies: ['errors', 'websocket', 'metrics'] },
)
