import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { changePassword, login, logout } from '../../src/accounts/account-actions.js'
import { viewCaller } from '../../src/accounts/account-view.js'
import { SignedInView } from '../../src/protocol/views.js'

/** Longer than any valid password or name, so that a wrong one gets the usual answer; short enough to hash. */
const credential = Type.String({ minLength: 1, maxLength: 1024 })

const Login = Type.Object(
  { username: credential, password: credential, keep: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
)

const PasswordChange = Type.Object(
  { currentPassword: credential, newPassword: credential },
  { additionalProperties: false },
)

const GuestQuery = Type.Object({
  seat: Type.Optional(
    Type.String({ description: 'the token of the caller’s seat, by which the request is then counted' }),
  ),
})

/** Signs in and out, and describes the current session. */
export const authRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { accounts } = app

  app.post(
    '/api/auth/login',
    { preValidation: app.requireSecureTransport, schema: { body: Login, response: { 200: SignedInView } } },
    async (request, reply) => {
      const { username, password, keep = false } = request.body
      const given = { username, password, keep, mark: app.sessionCookie.readMark(request) }
      const { caller, token } = await login(accounts, given, request.caller, app.clientOf(request))
      await reply.openSession({ token, absoluteEndsAt: caller.session.absoluteEndsAt })
      reply.markDevice(caller.principal.username)
      request.caller = caller
      return viewCaller(caller)
    },
  )

  app.post(
    '/api/auth/guest',
    { schema: { querystring: GuestQuery, response: { 200: SignedInView } } },
    async (request, reply) => viewCaller(await app.callerOrGuest(request, reply)),
  )

  app.post('/api/auth/logout', { schema: { response: { 204: Type.Null() } } }, async (request, reply) => {
    if (request.caller) await logout(accounts, request.caller)
    await reply.closeSession()
    return reply.code(204).send(null)
  })

  app.get(
    '/api/auth/session',
    { preValidation: app.requireUser, schema: { response: { 200: SignedInView } } },
    async (request) => viewCaller(app.callerOf(request)),
  )

  app.post(
    '/api/auth/password',
    { preValidation: app.requireUser, schema: { body: PasswordChange, response: { 204: Type.Null() } } },
    async (request, reply) => {
      const caller = app.callerOf(request)
      await reply.openSession(await changePassword(accounts, caller, request.body, app.clientOf(request)))
      return reply.code(204).send(null)
    },
  )
}
