import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { viewStaffMember } from '../../src/accounts/account-view.js'
import { addStaff, changeStaff, listStaff } from '../../src/accounts/theatre-staff.js'
import { StaffMemberView } from '../../src/protocol/manager-views.js'
import { IdParams, pathId } from './params.js'

const Password = Type.String({ minLength: 1, maxLength: 1024 })

const NewStaff = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 1024 }),
    password: Type.Optional(
      Type.String({
        ...Password,
        description: 'of a new account; missing: the account exists and joins the theatre',
      }),
    ),
    manager: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)

const StaffChange = Type.Object(
  {
    member: Type.Optional(Type.Boolean({ description: 'false: leaves the theatre' })),
    manager: Type.Optional(Type.Boolean()),
    isActive: Type.Optional(Type.Boolean()),
    password: Type.Optional(Password),
  },
  { additionalProperties: false },
)

const StaffParams = Type.Object({ ...IdParams.properties, userId: Type.String() })
const OneMember = Type.Object({ user: StaffMemberView })

/** The accounts of a theatre, for its managers. */
export const theatreStaffRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { requireStaff: preValidation } = app

  app.get(
    '/api/theatres/:id/staff',
    {
      preValidation,
      schema: { params: IdParams, response: { 200: Type.Object({ staff: Type.Array(StaffMemberView) }) } },
    },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      return { staff: (await listStaff(app.db, app.callerOf(request).principal, id)).map(viewStaffMember) }
    },
  )

  app.post(
    '/api/theatres/:id/staff',
    { preValidation, schema: { params: IdParams, body: NewStaff, response: { 201: OneMember } } },
    async (request, reply) => {
      const id = pathId(request.params, 'theatre')
      const { principal } = app.callerOf(request)
      const given = { password: null, manager: false, ...request.body }
      const user = viewStaffMember(await addStaff(app.actionContextOf(request), principal, id, given))
      return reply.code(201).send({ user })
    },
  )

  app.patch(
    '/api/theatres/:id/staff/:userId',
    { preValidation, schema: { params: StaffParams, body: StaffChange, response: { 200: OneMember } } },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      const userId = pathId({ id: request.params.userId }, 'user')
      const { principal } = app.callerOf(request)
      return {
        user: viewStaffMember(
          await changeStaff(app.actionContextOf(request), principal, id, userId, request.body),
        ),
      }
    },
  )
}
