import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { toSessionState } from '../../src/accounts/session-state.js'
import { findLiveByIds } from '../../src/accounts/sessions.js'
import { KeyedQueue } from '../../src/concurrency/keyed-queue.js'
import type { ActionContext, Publisher } from '../../src/events/commit.js'
import { createEventLog, type StoredEvent } from '../../src/events/event-log.js'
import type { Bus } from '../../src/live/bus/bus.js'
import { type BusProblem, REMEDIES } from '../../src/live/bus/bus-problem.js'
import { PostgresBus } from '../../src/live/bus/postgres-bus.js'
import { RedisBus } from '../../src/live/bus/redis-bus.js'
import { drain } from '../../src/live/drain.js'
import { Hub } from '../../src/live/hub.js'
import type { SessionState } from '../../src/live/socket/session-state.js'
import { LogThrottles } from '../../src/logging.js'
import { readSnapshots } from '../../src/snapshots.js'
import { LISTEN_UNAVAILABLE } from '../../src/startup-banner.js'

declare module 'fastify' {
  interface FastifyInstance {
    hub: Hub
    /** what actions need: the database, and the hub that publishes their commits */
    actionContext: ActionContext
    /** Calls back after each commit of this node, with its events. */
    onCommit(listener: (events: readonly StoredEvent[]) => void): void
  }
}

/** ms between two log lines about the same failure: while the database is away each open socket fails every second */
const LOG_INTERVAL_MS = 1000
/** ms between looks at the bus */
const WATCH_EVERY_MS = 1000
/** ms the start waits for the first notice: usually it comes in 20 */
const LISTEN_WAIT_MS = 1000

export interface LiveOptions {
  /** DATABASE_URL, or the embedded server's */
  url: string
  pollMs?: number | undefined
}

/** The node's hub over its bus, and the drain of all sockets at shutdown. */
export const livePlugin = fp<LiveOptions>(
  async (app, { url, pollMs }) => {
    const { config, db, liveDb, metrics } = app
    const bus = await openBus(app, url)
    const throttles = new LogThrottles(LOG_INTERVAL_MS)
    const hub = await Hub.open({
      log: createEventLog(liveDb),
      bus,
      readSessionStates: (ids) => readSessionStates(app, ids),
      readSnapshots: (groups) => readSnapshots(liveDb, groups),
      pollMs,
      tracer: app.tracer,
      heartbeatMs: config.sockets.heartbeatSeconds * 1000,
      onClosed: (connection, code) => app.audit.socketClosed(connection, code),
      onError(err, doing) {
        const suppressed = throttles.record(doing)
        if (suppressed !== null)
          app.log.error({ err, doing, suppressed }, 'live delivery failed, it will be retried')
      },
    })
    app.decorate('hub', hub)
    metrics.gauge('sockets', 'Open sockets of this node', () => hub.connections.size)
    metrics.gauge('groups', 'Groups that this node is subscribed to', () => hub.feeds.size)
    metrics.gauge('snapshots_pending', 'Snapshots that wait to be read', () => hub.pendingSnapshots)
    metrics.gauge('stale', '1 while the event log does not answer', () => (hub.staleSince === null ? 0 : 1))
    metrics.gauge('bus_up', '1 while the bus between nodes is up', () => (hub.isBusUp ? 1 : 0))
    logBusProblems(app, bus)
    const onCommit = new Set<(events: readonly StoredEvent[]) => void>()
    app.decorate('onCommit', (listener) => void onCommit.add(listener))
    app.decorate('actionContext', { db, live: publisher(hub, onCommit), queue: new KeyedQueue() })
    app.addHook('preClose', () => stop(app, bus))
  },
  {
    name: 'live',
    fastify: '5.x',
    dependencies: ['config', 'database', 'redis', 'websocket', 'audit', 'metrics', 'draining'],
  },
)

/** Logs each change of what is wrong with the bus. */
function logBusProblems(app: FastifyInstance, bus: Bus): void {
  let last: BusProblem | null = null
  const watch = setInterval(() => {
    const { problem } = bus
    if (problem === last) return
    if (problem === null) app.log.info('the bus between nodes is back')
    else app.log.error({ reason: problem, cure: REMEDIES[problem] }, 'the bus between nodes is down')
    last = problem
  }, WATCH_EVERY_MS)
  app.addHook('onClose', async () => clearInterval(watch))
}

function publisher(hub: Hub, listeners: ReadonlySet<(events: readonly StoredEvent[]) => void>): Publisher {
  return {
    publish(committed, changes, theatres) {
      hub.publish(committed, changes, theatres)
      for (const listener of listeners) listener(committed.events)
    },
  }
}

/** Over Redis if there is one, else over PostgreSQL. */
async function openBus(app: FastifyInstance, url: string): Promise<Bus> {
  const { publisher, subscriber } = app.redis
  const prefix = app.channelPrefix
  if (publisher && subscriber) return new RedisBus(publisher, subscriber, prefix)
  const bus = new PostgresBus(url, prefix)
  if (!(await bus.ready(LISTEN_WAIT_MS))) app.log.warn(LISTEN_UNAVAILABLE)
  return bus
}

async function stop(app: FastifyInstance, bus: Bus): Promise<void> {
  await drain(app.hub, app.config.drainSeconds * 1000)
  app.hub.close()
  await bus.close()
}

async function readSessionStates(
  app: FastifyInstance,
  ids: readonly string[],
): Promise<Map<string, SessionState>> {
  const live = await findLiveByIds(app.liveDb, ids, app.config.session)
  return new Map([...live].map(([id, session]) => [id, toSessionState(session)]))
}
