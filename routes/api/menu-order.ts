import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { MAX_ID } from '../../src/protocol/groups.js'
import { MAX_NAME } from '../../src/protocol/menu-limits.js'
import { ManagedItemView } from '../../src/protocol/views.js'
import { changeCategory, moveMenuItem } from '../../src/theatres/menu-order-actions.js'
import { viewManagedItem } from '../../src/theatres/theatre-view.js'
import { IdParams, pathId } from './params.js'

const Category = Type.String({ maxLength: MAX_NAME, pattern: '^[^\\p{Cc}]*$' })

const ItemMove = Type.Object(
  {
    category: Type.Optional(Category),
    before: Type.Union([Type.Integer({ minimum: 1, maximum: MAX_ID }), Type.Null()], {
      description: 'id of an item of the category; null: to its end',
    }),
  },
  { additionalProperties: false },
)
const CategoryMove = Type.Object(
  {
    category: Category,
    name: Type.Optional(Category),
    before: Type.Optional(
      Type.Union([Category, Type.Null()], { description: 'another category; null: to the end' }),
    ),
  },
  { additionalProperties: false, minProperties: 2 },
)
const MenuAnswer = Type.Object({ menu: Type.Array(ManagedItemView) })

/** The order of a menu, for the theatre's managers. Each move is one change, and answers with the whole menu. */
export const menuOrderRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { requireStaff: preValidation } = app

  app.post(
    '/api/menu-items/:id/move',
    { preValidation, schema: { params: IdParams, body: ItemMove, response: { 200: MenuAnswer } } },
    async (request) => {
      const id = pathId(request.params, 'menu item')
      const { principal } = app.callerOf(request)
      const menu = await moveMenuItem(app.actionContextOf(request), principal, id, request.body)
      return { menu: menu.map(viewManagedItem) }
    },
  )

  app.patch(
    '/api/theatres/:id/menu-categories',
    { preValidation, schema: { params: IdParams, body: CategoryMove, response: { 200: MenuAnswer } } },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      const { principal } = app.callerOf(request)
      const menu = await changeCategory(app.actionContextOf(request), principal, id, request.body)
      return { menu: menu.map(viewManagedItem) }
    },
  )
}
