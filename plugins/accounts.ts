import fp from 'fastify-plugin'
import type { AccountContext } from '../src/accounts/account-actions.js'
import { createLoginThrottle, noThrottle } from '../src/limits/login-throttle.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** what account actions need */
    accounts: AccountContext
  }
}

export const accountsPlugin = fp(
  async (app) => {
    const { session, rateLimits } = app.config
    app.decorate('accounts', {
      ...app.actionContext,
      sessions: session,
      throttle: rateLimits ? createLoginThrottle(app.hitCounter) : noThrottle,
    })
  },
  { name: 'accounts', fastify: '5.x', dependencies: ['config', 'live', 'hit-counter'] },
)
