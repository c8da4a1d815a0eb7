import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { viewAccount } from '../../src/accounts/account-view.js'
import { createUser, updateUser } from '../../src/accounts/user-actions.js'
import { listAccounts } from '../../src/accounts/user-queries.js'
import { MAX_ID } from '../../src/protocol/groups.js'
import { AccountView, Role } from '../../src/protocol/views.js'
import { IdParams, pathId } from './params.js'

const Password = Type.String({ minLength: 1, maxLength: 1024 })
const TheatreIds = Type.Array(Type.Integer({ minimum: 1, maximum: MAX_ID }), { maxItems: 1000 })

const NewUser = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 1024 }),
    password: Password,
    role: Role,
    theatreIds: Type.Optional(TheatreIds),
    managerOf: Type.Optional(TheatreIds),
  },
  { additionalProperties: false },
)

const UserChange = Type.Object(
  {
    isActive: Type.Optional(Type.Boolean()),
    role: Type.Optional(Role),
    theatreIds: Type.Optional(TheatreIds),
    managerOf: Type.Optional(TheatreIds),
    password: Type.Optional(Password),
  },
  { additionalProperties: false },
)

const OneUser = Type.Object({ user: AccountView })

/** Manages accounts, for admins. */
export const usersRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { requireAdmin: preValidation } = app

  app.get(
    '/api/users',
    { preValidation, schema: { response: { 200: Type.Object({ users: Type.Array(AccountView) }) } } },
    async () => ({ users: (await listAccounts(app.db)).map(viewAccount) }),
  )

  app.post(
    '/api/users',
    { preValidation, schema: { body: NewUser, response: { 201: OneUser } } },
    async (request, reply) => {
      const { principal } = app.callerOf(request)
      const user = await createUser(app.actionContextOf(request), principal, {
        theatreIds: [],
        ...request.body,
      })
      return reply.code(201).send({ user: viewAccount(user) })
    },
  )

  app.patch(
    '/api/users/:id',
    {
      preValidation,
      schema: { params: IdParams, body: UserChange, response: { 200: OneUser } },
    },
    async (request) => {
      const { principal } = app.callerOf(request)
      const id = pathId(request.params, 'user')
      return {
        user: viewAccount(await updateUser(app.actionContextOf(request), principal, id, request.body)),
      }
    },
  )
}
