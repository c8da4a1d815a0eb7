import fp from 'fastify-plugin'
import type { AccountContext } from '../src/accounts/account-actions.js'
import { createLoginThrottle, type HitCounter, noThrottle } from '../src/limits/login-throttle.js'
import { createMemoryCounter } from '../src/limits/memory-counter.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** what the actions on accounts need */
    accounts: AccountContext
  }
}

/** `counter`: counts tries to sign in; without one this node counts its own. */
export default fp<{ counter?: HitCounter }>(
  async (app, { counter = createMemoryCounter() }) => {
    const { session, rateLimits } = app.config
    app.decorate('accounts', {
      ...app.actions,
      sessions: session,
      throttle: rateLimits ? createLoginThrottle(counter) : noThrottle,
    })
  },
  { name: 'accounts', fastify: '5.x', dependencies: ['config', 'live'] },
)
