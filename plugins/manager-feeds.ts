import fp from 'fastify-plugin'
import { canDecideForTheatre } from '../src/access/theatre-access.js'
import { findLiveByIds } from '../src/accounts/sessions.js'
import { StateFeeds } from '../src/live/state-feeds.js'
import { LogThrottle } from '../src/logging.js'
import { readManagedVersions } from '../src/theatres/managed-version.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** their tokens are ids of sessions */
    managerFeeds: StateFeeds
  }
}

/** ms between two log lines about versions that can't be read */
const LOG_INTERVAL_MS = 1000

/** The versions of theatres that open pages of managers follow: they read again what they show. */
export const managerFeedsPlugin = fp(
  async (app) => {
    const failures = new LogThrottle(LOG_INTERVAL_MS)
    const { liveDb, config } = app
    const readVersions = (theatreIds: readonly number[]) => readManagedVersions(liveDb, theatreIds)
    const feeds = new StateFeeds(
      {
        readVersions,
        async read(theatreId, sessionIds) {
          const version = (await readVersions([theatreId])).get(theatreId) ?? ''
          // each time: no page is told anything once its user has lost the right to it
          const sessions = await findLiveByIds(liveDb, sessionIds, config.session)
          const allowed = [...sessions].filter(([, { principal }]) =>
            canDecideForTheatre(principal, theatreId),
          )
          const liveTokens = new Set(allowed.map(([id]) => id))
          return { version, data: JSON.stringify({ version }), changesInMs: null, liveTokens }
        },
      },
      app.hub.announcements,
      (err) => {
        const suppressed = failures.record()
        if (suppressed !== null) app.log.error({ err, suppressed }, 'a theatre’s version could not be read')
      },
      'change',
    )
    await feeds.start()
    app.decorate('managerFeeds', feeds)
    app.metrics.gauge('manager_streams', 'Open streams of managers’ pages on this node', () => feeds.size)
    app.onDrain(() => feeds.close())
    app.addHook('onClose', async () => feeds.close())
  },
  { name: 'manager-feeds', fastify: '5.x', dependencies: ['config', 'database', 'live', 'metrics'] },
)
