import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { MAX_ID } from '../../src/protocol/groups.js'
import { NewRowView } from '../../src/protocol/manager-views.js'
import { HallView } from '../../src/protocol/views.js'
import { addHall, changeHall, listHalls, removeHall, renewSeat } from '../../src/seats/hall-actions.js'
import { IdParams, pathId } from './params.js'

const NewSeats = {
  rows: Type.Optional(Type.Array(NewRowView, { maxItems: 200 })),
  seats: Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: 5000 })),
}
const Name = Type.String({ maxLength: 200 })

const NewHall = Type.Object({ name: Name, ...NewSeats }, { additionalProperties: false })
const HallChange = Type.Object(
  {
    name: Type.Optional(Name),
    ...NewSeats,
    removeSeats: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: MAX_ID }), { maxItems: 5000, description: 'ids' }),
    ),
  },
  { additionalProperties: false, description: '`rows` and `seats` are added' },
)
const HallAnswer = Type.Object({ hall: HallView })
const SeatAnswer = Type.Object({ seat: HallView.properties.seats.items })

/** A theatre's halls and seats, for its managers. */
export const hallsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { requireStaff: preValidation } = app

  app.get(
    '/api/theatres/:id/halls',
    {
      preValidation,
      schema: { params: IdParams, response: { 200: Type.Object({ halls: Type.Array(HallView) }) } },
    },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      return { halls: await listHalls(app.db, app.callerOf(request).principal, id) }
    },
  )

  app.post(
    '/api/theatres/:id/halls',
    { preValidation, schema: { params: IdParams, body: NewHall, response: { 201: HallAnswer } } },
    async (request, reply) => {
      const id = pathId(request.params, 'theatre')
      const { principal } = app.callerOf(request)
      const hall = await addHall(app.actionContextOf(request), principal, id, request.body)
      return reply.code(201).send({ hall })
    },
  )

  app.patch(
    '/api/halls/:id',
    { preValidation, schema: { params: IdParams, body: HallChange, response: { 200: HallAnswer } } },
    async (request) => {
      const id = pathId(request.params, 'hall')
      const { principal } = app.callerOf(request)
      return { hall: await changeHall(app.actionContextOf(request), principal, id, request.body) }
    },
  )

  app.delete(
    '/api/halls/:id',
    { preValidation, schema: { params: IdParams, response: { 204: Type.Null() } } },
    async (request, reply) => {
      const id = pathId(request.params, 'hall')
      await removeHall(app.actionContextOf(request), app.callerOf(request).principal, id)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/seats/:id/renew',
    { preValidation, schema: { params: IdParams, response: { 200: SeatAnswer } } },
    async (request) => {
      const id = pathId(request.params, 'seat')
      return { seat: await renewSeat(app.actionContextOf(request), app.callerOf(request).principal, id) }
    },
  )
}
