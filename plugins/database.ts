import fp from 'fastify-plugin'
import { createDatabase, type Database } from '../src/database/client.js'

declare module 'fastify' {
  interface FastifyInstance {
    db: Database
    /** for handshakes and what the live engine reads: whoever fills the pool of `db` delays no revocation */
    liveDb: Database
  }
}

const POOL_SIZE = 10
const LIVE_POOL_SIZE = 6
/** ms; a handshake that can't be judged in this time is refused with 503 */
const POOL_TIMEOUT_MS = 2000
const STATEMENT_TIMEOUT_MS = 5000

/** The pools of this node. `url` is DATABASE_URL, or the embedded server's. */
export default fp<{ url: string }>(
  async (app, { url }) => {
    const open = (poolSize: number) => {
      const timeouts = { poolTimeoutMs: POOL_TIMEOUT_MS, statementTimeoutMs: STATEMENT_TIMEOUT_MS }
      const db = createDatabase({ url, poolSize, ...timeouts })
      app.addHook('onClose', () => db.$disconnect())
      return db
    }
    app.decorate('db', open(POOL_SIZE))
    app.decorate('liveDb', open(LIVE_POOL_SIZE))
  },
  { name: 'database', fastify: '5.x' },
)
