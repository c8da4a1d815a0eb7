import t from 'tap'
import type { ChatView, MessageView } from '../../src/protocol/views.js'
import { applyChats, NO_CHATS, unansweredFirst, unreadTotal } from '../../web/live/chats-state.js'

function message(id: number, from: MessageView['from'] = 'customer'): MessageView {
  return { id, from, text: `m${id}`, at: new Date(id * 1000).toISOString(), clientId: `c${id}` }
}

function chat(id: number, changes: Partial<ChatView> = {}): ChatView {
  const seat = { id, name: `A${id}`, hall: 'Screen 1' }
  return { id, order: { id, seat }, theatreId: 1, unread: 0, lastMessage: null, ...changes }
}

t.test('a message updates its conversation; the messages of an unopened one stay unloaded', async (t) => {
  let state = applyChats(NO_CHATS, { type: 'snapshot', theatreId: 1, chats: [chat(1)] })
  const updated = chat(1, { unread: 1, lastMessage: message(5) })
  state = applyChats(state, { type: 'message', chat: updated, message: message(5) })
  t.same(state.chats.get(1), updated)
  t.equal(state.messages.has(1), false)
  state = applyChats(state, { type: 'history', chat: 1, messages: [message(4), message(5)] })
  state = applyChats(state, { type: 'message', chat: updated, message: message(5) })
  t.same(
    state.messages.get(1)?.map(({ id }) => id),
    [4, 5],
  )
})

t.test('read, added and left', async (t) => {
  let state = applyChats(NO_CHATS, { type: 'snapshot', theatreId: 1, chats: [chat(1, { unread: 3 })] })
  state = applyChats(state, { type: 'added', chat: chat(1) })
  t.equal(unreadTotal(state.chats.values()), 3, 'a conversation in the list is not overwritten')
  state = applyChats(state, { type: 'added', chat: chat(2, { theatreId: 2 }) })
  state = applyChats(state, { type: 'read', chat: 1 })
  t.equal(unreadTotal(state.chats.values()), 0)
  state = applyChats(state, { type: 'history', chat: 2, messages: [message(1)] })
  state = applyChats(state, { type: 'left', theatreId: 2 })
  t.same([...state.chats.keys()], [1])
  t.equal(state.messages.size, 0)
})

t.test('a snapshot keeps a conversation that was opened before its first message', async (t) => {
  let state = applyChats(NO_CHATS, { type: 'added', chat: chat(1) })
  state = applyChats(state, { type: 'history', chat: 1, messages: [] })
  const listed = chat(2, { lastMessage: message(7) })
  state = applyChats(state, { type: 'snapshot', theatreId: 1, chats: [listed] })
  t.same([...state.chats.keys()], [1, 2])
  const answered = chat(1, { lastMessage: message(8) })
  state = applyChats(state, { type: 'snapshot', theatreId: 1, chats: [answered] })
  t.same(
    [...state.chats.values()],
    [answered],
    'what the service lists wins, and what it no longer lists goes',
  )
})

t.test('unanswered conversations first, longest waiting first', async (t) => {
  const chats = [
    chat(1, { lastMessage: message(9, 'staff') }),
    chat(2, { lastMessage: message(8) }),
    chat(3, { lastMessage: message(10, 'staff') }),
    chat(4, { lastMessage: message(7), unread: 1 }),
  ]
  t.same(
    unansweredFirst(chats).map(({ id }) => id),
    [4, 2, 3, 1],
  )
})
