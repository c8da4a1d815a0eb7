import type { onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { unavailable } from '../../src/errors.js'
import { isProbe, originFormPath } from '../../src/http/request-target.js'

/** requests of a node at work at a time: about as many as its database answers within the pool's deadline */
const MAX_AT_WORK = 1000

/**
 * Bounds the HTTP requests that are at work on a node, and so what waits for its database: beyond, 503 at once. A
 * request is at work from its head until its body is waited for, and from there until its answer: a client that
 * sends or takes slowly, or goes away, holds no place. Load balancers' probes and handshakes, which have bounds of
 * their own, are always let through.
 */
export default fp<{ maxAtWork?: number }>(
  async (app, { maxAtWork = MAX_AT_WORK }) => {
    const atWork = new Set<object>()
    const begin: onRequestHookHandler = ({ ws, raw }, _reply, done) => {
      if (ws || isProbe(originFormPath(raw.url))) return done()
      if (atWork.size >= maxAtWork) return done(unavailable())
      atWork.add(raw)
      done()
    }
    app.addHook('onRequest', begin)
    app.addHook('preParsing', ({ raw }, _reply, payload, done) => {
      atWork.delete(raw)
      done(null, payload)
    })
    app.addHook('preValidation', begin)
    app.addHook('onSend', ({ raw }, _reply, payload, done) => {
      atWork.delete(raw)
      done(null, payload)
    })
    app.metrics.gauge('requests_at_work', 'HTTP requests that this node is at work on', () => atWork.size)
  },
  { name: 'overload', fastify: '5.x', dependencies: ['errors', 'websocket', 'metrics'] },
)
