import t from 'tap'
import { ShapeError } from '../../web/lib/decode.js'
import { chatEvent } from '../../web/lib/shapes.js'

const message = { id: 9, from: 'customer', text: 'Hello?', at: '2026-11-23T20:00:00.000Z', clientId: 'c' }
const view = {
  id: 7,
  theatreId: 1,
  order: { id: 7, seat: { id: 3, name: 'A3', hall: 'Screen 1' } },
  unread: 1,
  lastMessage: message,
}

t.test('chat.message: the conversation stands beside the order’s id', async (t) => {
  t.strictSame(chatEvent({ chat: 7, message, conversation: view }), { chat: view, message })
})

t.test('chat.message without a conversation is no news that a page could show', async (t) => {
  t.throws(() => chatEvent({ chat: 7, message }), ShapeError)
})
