import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { listManagedChats } from '../../src/chat/chat-queries.js'
import { sendToPhone } from '../../src/chat/legacy-chat.js'
import { viewLegacyChatUsers } from '../../src/chat/legacy-chat-view.js'
import { MAX_TEXT } from '../../src/live/protocol.js'

// members that only the old page knows what for are let be
const Answer = Type.Object({
  phone_number: Type.String({ minLength: 1, maxLength: 40 }),
  message: Type.String({ minLength: 1, maxLength: MAX_TEXT }),
})

/** Spellings and paths are those of the theatres' existing chat page. */
export const legacyChatRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/chat-box/chat-users', { preValidation: app.requireStaff }, async (request) =>
    viewLegacyChatUsers(await listManagedChats(app.db, app.callerOf(request).principal)),
  )

  app.post(
    '/chat-box/send-whatsapp-message',
    { preValidation: app.requireStaff, schema: { body: Answer } },
    async (request) => {
      const { phone_number: phone, message } = request.body
      await sendToPhone(app.actionsOf(request), app.callerOf(request).principal, phone, message)
      return { status: true }
    },
  )
}
