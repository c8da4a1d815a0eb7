import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { isTheatreManager } from '../src/access/theatre-access.js'
import { viewStaffMember } from '../src/accounts/account-view.js'
import { findLiveByIds } from '../src/accounts/sessions.js'
import { findStaff } from '../src/accounts/theatre-staff.js'
import { StateBroadcasts, type TheatreState } from '../src/live/state-broadcasts.js'
import { LogThrottle } from '../src/logging.js'
import type { ManagedTheatreView } from '../src/protocol/manager-views.js'
import { findHalls } from '../src/seats/hall-actions.js'
import { readManagedVersions } from '../src/theatres/managed-version.js'
import { listMenu } from '../src/theatres/menu-queries.js'
import { findSettings } from '../src/theatres/settings-actions.js'
import { viewSettings } from '../src/theatres/settings-view.js'
import { viewManagedItem } from '../src/theatres/theatre-view.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** their tokens are ids of sessions */
    managerStreams: StateBroadcasts
  }
}

/** ms between two log lines about theatres that can't be read */
const LOG_INTERVAL_MS = 1000

/** The theatres that open pages of their managers follow. */
export const managerStreamsPlugin = fp(
  async (app) => {
    const failures = new LogThrottle(LOG_INTERVAL_MS)
    const feeds = new StateBroadcasts(
      {
        read: (theatreId, sessionIds) => readTheatre(app, theatreId, sessionIds),
        readVersions: (theatreIds) => readManagedVersions(app.liveDb, theatreIds),
      },
      app.hub.announcements,
      (err) => {
        const suppressed = failures.record()
        if (suppressed !== null) app.log.error({ err, suppressed }, 'failed to read a theatre; will retry')
      },
      'theatre',
    )
    await feeds.start()
    app.decorate('managerStreams', feeds)
    app.metrics.gauge('manager_streams', 'Open streams of managers’ pages on this node', () => feeds.size)
    app.onDrain(() => feeds.close())
    app.addHook('onClose', async () => feeds.close())
  },
  { name: 'manager-streams', fastify: '5.x', dependencies: ['config', 'database', 'live', 'metrics'] },
)

async function readTheatre(
  { db, liveDb, config }: FastifyInstance,
  theatreId: number,
  sessionIds: readonly string[],
): Promise<TheatreState> {
  // before the state: a change in between shows in the next one
  const version = (await readManagedVersions(liveDb, [theatreId])).get(theatreId) ?? ''
  const [items, settings, halls, staff] = await Promise.all([
    listMenu(liveDb, theatreId),
    findSettings(liveDb, theatreId),
    findHalls(liveDb, theatreId),
    findStaff(db, theatreId),
  ])
  // after the state, each time: it is sent to no page whose user has lost the right to it by then
  const sessions = await findLiveByIds(liveDb, sessionIds, config.session)
  const allowed = [...sessions].filter(([, { principal }]) => isTheatreManager(principal, theatreId))
  const state: ManagedTheatreView = {
    version,
    menu: items.map(viewManagedItem),
    settings: viewSettings(settings),
    halls,
    staff: staff.map(viewStaffMember),
  }
  const times = items.flatMap(({ soldOutUntil }) => soldOutUntil?.getTime() ?? [])
  return {
    version,
    data: JSON.stringify(state),
    changesInMs: times.length > 0 ? Math.min(...times) - Date.now() : null,
    liveTokens: new Set(allowed.map(([id]) => id)),
  }
}
