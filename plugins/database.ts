import fp from 'fastify-plugin'
import { createDatabase, type Database } from '../src/database/client.js'

declare module 'fastify' {
  interface FastifyInstance {
    db: Database
  }
}

const POOL_SIZE = 10
/** ms; a handshake that can't be judged in this time is refused with 503 */
const POOL_TIMEOUT_MS = 2000
const STATEMENT_TIMEOUT_MS = 5000

/** The pool of this node. `url` is DATABASE_URL, or the embedded server's. */
export default fp<{ url: string }>(
  async (app, { url }) => {
    const db = createDatabase({
      url,
      poolSize: POOL_SIZE,
      poolTimeoutMs: POOL_TIMEOUT_MS,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    })
    app.decorate('db', db)
    app.addHook('onClose', () => db.$disconnect())
  },
  { name: 'database', fastify: '5.x' },
)
