import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { DomainError } from '../../src/errors.js'
import { MAX_PICTURE_BYTES } from '../../src/protocol/menu-limits.js'
import { ManagedItemView } from '../../src/protocol/views.js'
import { requireItemManager } from '../../src/theatres/menu-queries.js'
import { removePicture, setPicture } from '../../src/theatres/picture-actions.js'
import { viewManagedItem } from '../../src/theatres/theatre-view.js'
import { IdParams, pathId } from './params.js'

const ItemAnswer = Type.Object({ menuItem: ManagedItemView })

const noPicture = () =>
  new DomainError(415, 'not_a_picture', 'Send the bytes of a JPEG, PNG or WebP, as image/jpeg, say.')

/** The body of an upload is the picture itself. Apart, as its parsers would refuse what clients send with a DELETE. */
const uploadRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.removeAllContentTypeParsers()
  // the bytes decide, not what they are called
  app.addContentTypeParser(
    /^(?:image\/|application\/octet-stream)/,
    { parseAs: 'buffer', bodyLimit: MAX_PICTURE_BYTES },
    (_request, body, done) => done(null, body),
  )
  app.addContentTypeParser('*', (_request, _payload, done) => done(noPicture(), undefined))

  /** Before the body is read. */
  const requireManager = async (request: FastifyRequest): Promise<void> => {
    const id = pathId(request.params as { id: string }, 'menu item')
    await requireItemManager(app.db, app.callerOf(request).principal, id)
  }

  app.put(
    '/api/menu-items/:id/picture',
    {
      onRequest: [app.requireStaff, requireManager, app.boundUploads],
      // a session that ended while the body arrived must not act any more
      preValidation: app.requireStaff,
      bodyLimit: MAX_PICTURE_BYTES,
      schema: {
        params: IdParams,
        consumes: ['image/jpeg', 'image/png', 'image/webp'],
        response: { 200: ItemAnswer },
      },
    },
    async (request) => {
      const id = pathId(request.params, 'menu item')
      if (!Buffer.isBuffer(request.body)) throw noPicture()
      const picture = await app.pictures.encode(request.body)
      const { principal } = app.callerOf(request)
      return {
        menuItem: viewManagedItem(await setPicture(app.actionContextOf(request), principal, id, picture)),
      }
    },
  )
}

/** The pictures of menu items, for the theatre's managers. */
export const picturesRoutes: FastifyPluginAsyncTypebox = async (app) => {
  await app.register(uploadRoutes)

  app.delete(
    '/api/menu-items/:id/picture',
    { preValidation: app.requireStaff, schema: { params: IdParams, response: { 200: ItemAnswer } } },
    async (request) => {
      const id = pathId(request.params, 'menu item')
      const { principal } = app.callerOf(request)
      return { menuItem: viewManagedItem(await removePicture(app.actionContextOf(request), principal, id)) }
    },
  )
}
