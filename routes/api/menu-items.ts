import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { MenuItemView } from '../../src/protocol/views.js'
import { setAvailable } from '../../src/theatres/menu-actions.js'
import { viewMenuItem } from '../../src/theatres/theatre-view.js'
import { IdParams, pathId } from './params.js'

const Change = Type.Object({ available: Type.Boolean() }, { additionalProperties: false })

/** Staff mark an item of their theatre's menu as available or sold out. */
export const menuItemsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.patch(
    '/api/menu-items/:id',
    {
      preValidation: app.requireStaff,
      schema: { params: IdParams, body: Change, response: { 200: Type.Object({ menuItem: MenuItemView }) } },
    },
    async (request) => {
      const id = pathId(request.params, 'menu item')
      const { principal } = app.callerOf(request)
      return {
        menuItem: viewMenuItem(
          await setAvailable(app.actionsOf(request), principal, id, request.body.available),
        ),
      }
    },
  )
}
