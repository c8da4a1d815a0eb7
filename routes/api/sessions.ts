import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { endOtherSessions, endOwnSession } from '../../src/accounts/account-actions.js'
import { viewSession } from '../../src/accounts/account-view.js'
import { listSessions } from '../../src/accounts/session-writes.js'
import { SessionView } from '../../src/protocol/views.js'

/** The caller's own sessions: lists them and ends them. */
export const sessionsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { accounts } = app

  app.get(
    '/api/auth/sessions',
    { preValidation: app.requireUser, schema: { response: { 200: Type.Array(SessionView) } } },
    async (request) => {
      const { principal, session } = app.callerOf(request)
      const sessions = await listSessions(app.db, principal.userId, accounts.sessions)
      return sessions.map((listed) => viewSession(listed, session.id))
    },
  )

  app.delete(
    '/api/auth/sessions',
    { preValidation: app.requireUser, schema: { response: { 204: Type.Null() } } },
    async (request, reply) => {
      await endOtherSessions({ ...accounts, ...app.actionContextOf(request) }, app.callerOf(request))
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/api/auth/sessions/:id',
    {
      preValidation: app.requireUser,
      schema: { params: Type.Object({ id: Type.String() }), response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const caller = app.callerOf(request)
      await endOwnSession({ ...accounts, ...app.actionContextOf(request) }, caller, request.params.id)
      if (request.params.id === caller.session.id) await reply.closeSession()
      return reply.code(204).send(null)
    },
  )
}
