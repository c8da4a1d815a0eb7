import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { requireTheatre } from '../../src/access/theatre-access.js'
import { markChatRead, sendMessage } from '../../src/chat/chat-actions.js'
import { listChats, listMessages } from '../../src/chat/chat-queries.js'
import { viewChat, viewMessage } from '../../src/chat/chat-view.js'
import { MAX_TEXT } from '../../src/protocol/subprotocol.js'
import { ChatView, MessageView } from '../../src/protocol/views.js'
import { IdParams, pathId, queryId } from './params.js'

const NewMessage = Type.Object(
  {
    text: Type.String({ minLength: 1, maxLength: MAX_TEXT }),
    clientId: Type.String({ minLength: 1, maxLength: 64 }),
  },
  { additionalProperties: false },
)

const Before = Type.Object({ before: Type.Optional(Type.String()) }, { additionalProperties: false })
const UpTo = Type.Object({ upTo: Type.Optional(Type.String()) }, { additionalProperties: false })
const Messages = Type.Object({ messages: Type.Array(MessageView), more: Type.Boolean() })
const MessageAnswer = Type.Object({ message: MessageView })

/** Conversations. Each belongs to one order and has its id. */
export const chatsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/theatres/:id/chats',
    {
      preValidation: app.requireStaff,
      schema: { params: IdParams, response: { 200: Type.Object({ chats: Type.Array(ChatView) }) } },
    },
    async (request) => {
      const id = pathId(request.params, 'theatre')
      await requireTheatre(app.db, app.callerOf(request).principal, id)
      return { chats: (await listChats(app.db, id)).map(viewChat) }
    },
  )

  app.get(
    '/api/chats/:id/messages',
    {
      preValidation: app.requireUser,
      schema: { params: IdParams, querystring: Before, response: { 200: Messages } },
    },
    async (request) => {
      const id = pathId(request.params, 'chat')
      const before = queryId(request.query.before, 'before')
      const page = await listMessages(app.db, app.callerOf(request).principal, id, before)
      return { messages: page.messages.map(viewMessage), more: page.more }
    },
  )

  app.post(
    '/api/chats/:id/messages',
    {
      preValidation: app.requireUser,
      schema: { params: IdParams, body: NewMessage, response: { 200: MessageAnswer, 201: MessageAnswer } },
    },
    async (request, reply) => {
      const chat = pathId(request.params, 'chat')
      const { principal } = app.callerOf(request)
      const { message, created } = await sendMessage(app.actionContextOf(request), principal, {
        chat,
        ...request.body,
      })
      return reply.code(created ? 201 : 200).send({ message: viewMessage(message) })
    },
  )

  app.post(
    '/api/chats/:id/read',
    {
      preValidation: app.requireStaff,
      schema: { params: IdParams, querystring: UpTo, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const id = pathId(request.params, 'chat')
      const upTo = queryId(request.query.upTo, 'upTo')
      await markChatRead(app.actionContextOf(request), app.callerOf(request).principal, id, upTo)
      return reply.code(204).send(null)
    },
  )
}
