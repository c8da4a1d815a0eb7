import fp from 'fastify-plugin'
import { StateBroadcasts } from '../src/live/state-broadcasts.js'
import { LogThrottle } from '../src/logging.js'
import { readMenuState, readVersions } from '../src/theatres/menu-state.js'

declare module 'fastify' {
  interface FastifyInstance {
    menuStreams: StateBroadcasts
  }
}

/** ms between two log lines about menus that can't be read */
const LOG_INTERVAL_MS = 1000

/** The menus that open pages of seats follow. */
export const menuStreamsPlugin = fp(
  async (app) => {
    const failures = new LogThrottle(LOG_INTERVAL_MS)
    const { liveDb } = app
    const feeds = new StateBroadcasts(
      {
        read: (theatreId, tokens) => readMenuState(liveDb, theatreId, tokens),
        readVersions: (theatreIds) => readVersions(liveDb, theatreIds),
      },
      app.hub.announcements,
      (err) => {
        const suppressed = failures.record()
        if (suppressed !== null) app.log.error({ err, suppressed }, 'failed to read a menu; will retry')
      },
      'menu',
    )
    await feeds.start()
    app.decorate('menuStreams', feeds)
    app.metrics.gauge('menu_streams', 'Open streams of menus on this node', () => feeds.size)
    app.onDrain(() => feeds.close())
    app.addHook('onClose', async () => feeds.close())
  },
  { name: 'menu-streams', fastify: '5.x', dependencies: ['database', 'live', 'metrics'] },
)
