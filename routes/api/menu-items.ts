import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { requireManagedTheatre, requireTheatre } from '../../src/access/theatre-access.js'
import {
  MAX_CHOICES,
  MAX_DESCRIPTION,
  MAX_NAME,
  MAX_OPTIONS,
  MAX_PRICE,
} from '../../src/protocol/menu-limits.js'
import { Diet, ManagedItemView, OrderingView, SoldOutView } from '../../src/protocol/views.js'
import { addMenuItem, changeMenuItem, removeMenuItem } from '../../src/theatres/menu-actions.js'
import { listMenu } from '../../src/theatres/menu-queries.js'
import { pauseOrdering, resumeOrdering } from '../../src/theatres/ordering-actions.js'
import { viewManagedItem, viewOrdering } from '../../src/theatres/theatre-view.js'
import { IdParams, pathId } from './params.js'

const closed = { additionalProperties: false }
/** One line of text that is not blank; blanks around it are taken away. */
const Name = Type.String({ maxLength: MAX_NAME, pattern: '^[^\\p{Cc}]*[^\\s\\p{Cc}][^\\p{Cc}]*$' })
const Price = Type.Integer({ minimum: 1, maximum: MAX_PRICE, description: 'paise' })

const fields = {
  description: Type.String({ maxLength: MAX_DESCRIPTION, pattern: '^(?:\\n|[^\\p{Cc}])*$' }),
  category: Type.String({ maxLength: MAX_NAME, pattern: '^[^\\p{Cc}]*$' }),
  diet: Type.Union([Diet, Type.Null()]),
  position: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
  options: Type.Array(
    Type.Object(
      {
        name: Name,
        min: Type.Integer({ minimum: 0, maximum: MAX_CHOICES }),
        max: Type.Integer({ minimum: 1, maximum: MAX_CHOICES }),
        choices: Type.Array(
          Type.Object(
            { name: Name, price: Type.Integer({ minimum: 0, maximum: MAX_PRICE, description: 'paise' }) },
            closed,
          ),
          { minItems: 1, maxItems: MAX_CHOICES },
        ),
      },
      closed,
    ),
    { maxItems: MAX_OPTIONS },
  ),
}
const NewItem = Type.Object(
  { name: Name, price: Price, ...Type.Partial(Type.Object(fields)).properties },
  closed,
)
const Change = Type.Partial(
  Type.Object(
    {
      name: Name,
      price: Price,
      ...fields,
      available: Type.Boolean(),
      until: Type.Union([Type.Enum(['hour', 'day']), Type.String({ format: 'date-time' }), Type.Null()], {
        description:
          'with `available: false`: sold out for an hour, till the end of the day, or till a time; null: until staff say otherwise',
      }),
    },
    closed,
  ),
  { minProperties: 1, ...closed },
)
const Pause = Type.Object(
  { minutes: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 1440 }), Type.Null()])) },
  closed,
)

const ItemAnswer = Type.Object({ menuItem: ManagedItemView })
const OrderingAnswer = Type.Object({ theatre: OrderingView })

/** A request without a body pauses until staff resume. */
const withoutBody = async (request: FastifyRequest) => {
  request.body ??= {}
}

/** What staff say of a menu and of ordering, and what managers decide about the menu. Open phones show it. */
export const menuItemsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/theatres/:id/menu',
    {
      preValidation: app.requireStaff,
      schema: { params: IdParams, response: { 200: Type.Object({ menu: Type.Array(ManagedItemView) }) } },
    },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      await requireManagedTheatre(app.db, app.callerOf(request).principal, id)
      return { menu: (await listMenu(app.db, id)).map(viewManagedItem) }
    },
  )

  app.get(
    '/api/theatres/:id/sold-out',
    {
      preValidation: app.requireStaff,
      schema: { params: IdParams, response: { 200: Type.Object({ soldOut: Type.Array(SoldOutView) }) } },
    },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      await requireTheatre(app.db, app.callerOf(request).principal, id)
      const items = (await listMenu(app.db, id)).filter(({ available }) => !available).map(viewManagedItem)
      return { soldOut: items.map(({ id: menuItemId, soldOutUntil: until }) => ({ menuItemId, until })) }
    },
  )

  app.post(
    '/api/theatres/:id/menu-items',
    {
      preValidation: app.requireStaff,
      schema: { params: IdParams, body: NewItem, response: { 201: ItemAnswer } },
    },
    async (request, reply) => {
      const id = pathId(request.params, 'theatre')
      const { principal } = app.callerOf(request)
      const item = await addMenuItem(app.actionContextOf(request), principal, id, request.body)
      return reply.code(201).send({ menuItem: viewManagedItem(item) })
    },
  )

  app.patch(
    '/api/menu-items/:id',
    {
      preValidation: app.requireStaff,
      schema: { params: IdParams, body: Change, response: { 200: ItemAnswer } },
    },
    async (request) => {
      const id = pathId(request.params, 'menu item')
      const { principal } = app.callerOf(request)
      const item = await changeMenuItem(app.actionContextOf(request), principal, id, request.body)
      return { menuItem: viewManagedItem(item) }
    },
  )

  app.delete(
    '/api/menu-items/:id',
    { preValidation: app.requireStaff, schema: { params: IdParams, response: { 204: Type.Null() } } },
    async (request, reply) => {
      const id = pathId(request.params, 'menu item')
      await removeMenuItem(app.actionContextOf(request), app.callerOf(request).principal, id)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/theatres/:id/pause',
    {
      preValidation: [app.requireStaff, withoutBody],
      schema: { params: IdParams, body: Pause, response: { 200: OrderingAnswer } },
    },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      const { principal } = app.callerOf(request)
      const { minutes = null } = request.body
      const theatre = await pauseOrdering(app.actionContextOf(request), principal, id, minutes)
      return { theatre: viewOrdering(theatre) }
    },
  )

  app.post(
    '/api/theatres/:id/resume',
    { preValidation: app.requireStaff, schema: { params: IdParams, response: { 200: OrderingAnswer } } },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      const theatre = await resumeOrdering(app.actionContextOf(request), app.callerOf(request).principal, id)
      return { theatre: viewOrdering(theatre) }
    },
  )
}
