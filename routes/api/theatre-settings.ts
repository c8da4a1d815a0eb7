import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { SettingsFields, SettingsView } from '../../src/protocol/manager-views.js'
import { changeSettings, listTheatres, readSettings } from '../../src/theatres/settings-actions.js'
import { readSettingsChange, viewSettings } from '../../src/theatres/settings-view.js'
import { addTheatre } from '../../src/theatres/theatre-actions.js'
import { IdParams, pathId } from './params.js'

const SettingsAnswer = Type.Object({ settings: SettingsView })
const SettingsChange = Type.Partial(Type.Object(SettingsFields), { additionalProperties: false })
const NewTheatre = Type.Object(
  {
    ...Type.Partial(Type.Object(SettingsFields)).properties,
    name: SettingsFields.name,
    timeZone: SettingsFields.timeZone,
  },
  { additionalProperties: false },
)

/** A theatre's settings, for its managers; all theatres, for admins. */
export const theatreSettingsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/theatres/:id/settings',
    { preValidation: app.requireStaff, schema: { params: IdParams, response: { 200: SettingsAnswer } } },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      return { settings: viewSettings(await readSettings(app.db, app.callerOf(request).principal, id)) }
    },
  )

  app.patch(
    '/api/theatres/:id/settings',
    {
      preValidation: app.requireStaff,
      schema: { params: IdParams, body: SettingsChange, response: { 200: SettingsAnswer } },
    },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      const { principal } = app.callerOf(request)
      const change = readSettingsChange(request.body)
      return {
        settings: viewSettings(await changeSettings(app.actionContextOf(request), principal, id, change)),
      }
    },
  )

  app.get(
    '/api/theatres',
    {
      preValidation: app.requireAdmin,
      schema: { response: { 200: Type.Object({ theatres: Type.Array(SettingsView) }) } },
    },
    async () => ({ theatres: (await listTheatres(app.db)).map(viewSettings) }),
  )

  app.post(
    '/api/theatres',
    {
      preValidation: app.requireAdmin,
      schema: { body: NewTheatre, response: { 201: Type.Object({ theatre: SettingsView }) } },
    },
    async (request, reply) => {
      const { name, timeZone } = request.body
      const given = { ...readSettingsChange(request.body), name, timeZone }
      const theatre = await addTheatre(app.actionContextOf(request), given)
      return reply.code(201).send({ theatre: viewSettings(theatre) })
    },
  )
}
