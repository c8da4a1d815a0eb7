import { useEffect, useMemo } from 'preact/hooks'
import type { MessageView } from '../../src/live/protocol.js'
import { createOutbox } from '../chat/outbox.js'
import { api } from '../lib/api.js'
import { list } from '../lib/decode.js'
import { newId } from '../lib/id.js'
import { notify } from '../lib/notify.js'
import * as shapes from '../lib/shapes.js'
import { playMessage } from '../lib/sound.js'
import { createStore } from '../lib/store.js'
import { applyChats, type ChatsChange, NO_CHATS } from '../live/chats-state.js'
import type { Incoming } from '../live/client.js'
import { theatreOfGroup } from '../live/groups.js'
import { connectLive } from '../live/page-client.js'
import { s } from '../strings/language.js'
import { announce } from '../ui/announce.js'
import { noteExpiring } from '../ui/session-expiry.js'

const readTold = shapes.member('conversation', shapes.chat)
const readChats = shapes.member('chats', list(shapes.chat))

/** The staff's side of all conversations: kept by the chat socket, shared by the chat page and the badges. */
export function createDesk() {
  const state = createStore(NO_CHATS)
  const more = createStore<ReadonlyMap<number, boolean>>(new Map())
  const apply = (change: ChatsChange): void => state.update((now) => applyChats(now, change))
  const outbox = createOutbox({
    send: (chat, text, clientId) => live.client.send({ type: 'send', chat, text, clientId }),
    isLive: () => live.link.get().state === 'live',
    onStored: (chat, message) => apply({ type: 'history', chat, messages: [message] }),
  })

  function onMessage(incoming: Incoming): void {
    if (incoming.type === 'expiring') return noteExpiring(incoming.at)
    if (incoming.type !== 'snapshot' && incoming.type !== 'event') return
    const theatreId = theatreOfGroup(incoming.group)
    if (theatreId === null) return
    if (incoming.type === 'snapshot') {
      apply({ type: 'snapshot', theatreId, chats: readChats(incoming.data) })
      return void reloadOpen()
    }
    if (incoming.name === 'chat.read') return apply({ type: 'told', chat: readTold(incoming.data) })
    if (incoming.name !== 'chat.message') return
    const { chat, message } = shapes.chatEvent(incoming.data)
    apply({ type: 'message', chat, message })
    outbox.stored(message.clientId)
    if (message.from === 'customer') {
      playMessage()
      announce(s.chat.newMessage(chat.order.seat.hall, chat.order.seat.name))
      notify(s.chat.newMessageTitle(chat.order.seat.name), message.text, `chat-${chat.id}`)
    }
  }

  function onLeft(group: string): void {
    const theatreId = theatreOfGroup(group)
    if (theatreId === null) return
    apply({ type: 'left', theatreId })
  }

  /** A snapshot of the conversations holds only each one's last message: those on the screen are read again. */
  async function reloadOpen(): Promise<void> {
    for (const chat of state.get().messages.keys()) await load(chat).catch(() => {})
  }

  async function load(chat: number, before?: MessageView): Promise<void> {
    const page = await api.history(chat, before?.id)
    apply({ type: 'history', chat, messages: page.messages })
    if (before || !more.get().has(chat)) more.update((map) => new Map(map).set(chat, page.more))
  }

  async function markRead(chat: number): Promise<void> {
    const shown = state.get().messages.get(chat)?.at(-1)
    if (!shown || !state.get().chats.get(chat)?.unread) return
    apply({ type: 'read', chat })
    await api.markRead(chat, shown.id).catch(() => {})
  }

  const live = connectLive('/ws/chat-socket/', { onMessage, onLeft })

  return {
    live,
    state,
    more,
    outbox,
    load,
    markRead,
    say: (chat: number, text: string) => outbox.add(chat, text, newId()),
    know: (chat: shapes.ChatOfOrder) => apply({ type: 'known', chat: shapes.emptyChat(chat) }),
    close: () => live.close(),
  }
}

export type Desk = ReturnType<typeof createDesk>

export function useDesk(): Desk {
  const desk = useMemo(createDesk, [])
  useEffect(() => desk.close, [desk])
  return desk
}
