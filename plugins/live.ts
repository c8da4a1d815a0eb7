import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { toAdmission } from '../src/access/admission.js'
import { findLiveByIds } from '../src/accounts/sessions.js'
import type { Bus } from '../src/live/bus.js'
import { channelPrefix } from '../src/live/channel-prefix.js'
import type { ActionContext } from '../src/live/commit.js'
import type { Admission } from '../src/live/connection.js'
import { drain } from '../src/live/drain.js'
import { createEventLog } from '../src/live/event-log.js'
import { Hub } from '../src/live/hub.js'
import { MemoryBus } from '../src/live/memory-bus.js'
import { RedisBus } from '../src/live/redis-bus.js'
import { readSnapshot } from '../src/snapshots.js'

declare module 'fastify' {
  interface FastifyInstance {
    hub: Hub
    /** what actions need: the database, and who is told of their commits */
    actions: ActionContext
    /** set once the shutdown has begun */
    draining: boolean
  }
}

/** The node's hub over its bus, and the end of all sockets when the service stops. */
export default fp(
  async (app) => {
    const { config, db, metrics } = app
    const bus = app.redisLinks
      ? new RedisBus(app.redisLinks.publisher, app.redisLinks.subscriber, await channelPrefix(db))
      : new MemoryBus()
    const hub = await Hub.open({
      log: createEventLog(db),
      bus,
      readAdmissions: (ids) => readAdmissions(app, ids),
      readSnapshot: (group) => readSnapshot(db, group),
      heartbeatMs: config.sockets.heartbeatSeconds * 1000,
      maxBufferedBytes: config.sockets.maxBufferedBytes,
      onClosed: (connection, code) => app.socketLog.closed(connection, code),
      onError: (err, doing) => app.log.error({ err, doing }, 'the live engine failed'),
    })
    app.decorate('hub', hub)
    metrics.gauge('sockets', 'Open sockets of this node', () => hub.connections.size)
    metrics.gauge('groups', 'Groups that this node hears', () => hub.feeds.size)
    metrics.gauge('stale', '1 while the event log does not answer', () => (hub.staleSince === null ? 0 : 1))
    metrics.gauge('bus_up', '1 while the bus between nodes is up', () => (hub.isBusUp ? 1 : 0))
    app.decorate('actions', { db, live: hub })
    app.decorate('draining', false)
    app.addHook('preClose', () => stop(app, bus))
  },
  {
    name: 'live',
    fastify: '5.x',
    dependencies: ['config', 'database', 'redis', 'websocket', 'socket-log', 'metrics'],
  },
)

async function stop(app: FastifyInstance, bus: Bus): Promise<void> {
  app.draining = true
  // no new connections from here on; requests that were accepted are finished
  app.server.close()
  await drain(app.hub, app.config.drainSeconds * 1000)
  app.hub.close()
  await bus.close()
}

async function readAdmissions(app: FastifyInstance, ids: readonly string[]): Promise<Map<string, Admission>> {
  const live = await findLiveByIds(app.db, ids, app.config.session)
  return new Map([...live].map(([id, session]) => [id, toAdmission(session)]))
}
