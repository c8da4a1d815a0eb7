import fp from 'fastify-plugin'
import { conflict } from '../../src/errors.js'
import { USER_HEADER } from '../../src/protocol/page-user.js'

/**
 * A page says for whom it was rendered; another tab may have signed somebody else in since, and the cookie is shared.
 * Such a request is refused before its handler: it would act for the wrong user (change the other's password). A request
 * without a live session is answered as if it had no such header. Responses name the caller, so that a page learns whose it is
 * from any of them.
 */
export const pageUserPlugin = fp(
  async (app) => {
    app.addHook('onRequest', async ({ caller, headers }) => {
      const named = headers[USER_HEADER]
      if (caller && named !== undefined && named !== String(caller.principal.userId)) {
        throw conflict('other_user', 'Someone else is signed in here by now: reload the page.')
      }
    })
    app.addHook('onSend', async ({ caller }, reply) => {
      if (caller) reply.header(USER_HEADER, String(caller.principal.userId))
    })
  },
  { name: 'page-user', fastify: '5.x', dependencies: ['session'] },
)
