import { useEffect, useMemo } from 'preact/hooks'
import { readGroup } from '../../src/protocol/groups.js'
import type { MessageView, OrderView } from '../../src/protocol/views.js'
import { createOutbox } from '../chat/outbox.js'
import { api } from '../lib/api.js'
import { newId } from '../lib/id.js'
import { notify } from '../lib/notify.js'
import { playMessage } from '../lib/sound.js'
import { createStore } from '../lib/store.js'
import { applyChats, type ChatsChange, emptyChat, NO_CHATS } from '../live/chats-state.js'
import type { Incoming } from '../live/client.js'
import { chatMessageOf, chatReadOf, type LiveEvent } from '../live/messages.js'
import { connectLive } from '../live/page-client.js'
import { s } from '../strings/language.js'
import { announce } from '../ui/announce.js'
import { noteExpiring } from '../ui/session-expiry.js'

function theatreOf(group: string): number | null {
  const parts = readGroup(group)
  return parts?.kind === 'theatre-chat' ? parts.theatreId : null
}

/** Whether the screen shows the orders of a place: it rings for no others. */
export type IsShown = (place: { theatreId: number; hall: string }) => boolean

/** All conversations of the staff's theatres, fed by the chat socket; used by the chat page and the unread badges. */
export function createChatDesk(isShown: IsShown) {
  const state = createStore(NO_CHATS)
  /** whether the conversations of any theatre have arrived */
  const loaded = createStore(false)
  const more = createStore<ReadonlyMap<number, boolean>>(new Map())
  const apply = (change: ChatsChange): void => state.update((now) => applyChats(now, change))
  const outbox = createOutbox({
    send: (chat, text, clientId) => live.client.send({ type: 'send', chat, text, clientId }),
    isLive: () => live.link.get().state === 'live',
    onStored: (chat, message) => apply({ type: 'history', chat, messages: [message] }),
  })

  function onEvent(event: LiveEvent): void {
    const read = chatReadOf(event)
    if (read) return apply({ type: 'updated', chat: read.conversation })
    const { conversation, message } = chatMessageOf(event) ?? {}
    if (!conversation || !message) return
    apply({ type: 'message', chat: conversation, message })
    outbox.stored(message.clientId)
    if (message.from !== 'customer') return
    const { name, hall } = conversation.order.seat
    if (!isShown({ theatreId: conversation.theatreId, hall })) return
    playMessage()
    announce(s.chat.newMessage(hall, name))
    void notify(s.chat.newMessageTitle(name), message.text, `chat-${conversation.id}`)
  }

  function onMessage(incoming: Incoming): void {
    if (incoming.type === 'expiring') return noteExpiring(incoming.at)
    if (incoming.type !== 'snapshot' && incoming.type !== 'event') return
    const theatreId = theatreOf(incoming.group)
    if (theatreId === null) return
    if (incoming.type === 'event') return onEvent(incoming)
    if (!('chats' in incoming.data)) return
    apply({ type: 'snapshot', theatreId, chats: incoming.data.chats })
    loaded.set(true)
    void reloadOpened()
  }

  function onLeft(group: string): void {
    const theatreId = theatreOf(group)
    if (theatreId === null) return
    apply({ type: 'left', theatreId })
  }

  /** A snapshot has only the last message of each conversation, so opened ones are loaded again. */
  async function reloadOpened(): Promise<void> {
    for (const chat of state.get().messages.keys()) await load(chat).catch(() => {})
  }

  async function load(chat: number, before?: MessageView): Promise<void> {
    // Counts as opened from now on: what is written while the answer is on its way may not be in it.
    apply({ type: 'history', chat, messages: [] })
    const page = await api.messages(chat, before?.id)
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
    loaded,
    more,
    outbox,
    load,
    markRead,
    send: (chat: number, text: string) => outbox.add(chat, text, newId()),
    /** Adds the conversation of an order in which nothing was written yet. */
    addFor: (order: OrderView) => apply({ type: 'added', chat: emptyChat(order) }),
    close: () => live.close(),
  }
}

export type ChatDesk = ReturnType<typeof createChatDesk>

const showsAll: IsShown = () => true

/** `isShown` must be the same function at each call. */
export function useChatDesk(isShown: IsShown = showsAll): ChatDesk {
  const desk = useMemo(() => createChatDesk(isShown), [isShown])
  useEffect(() => desk.close, [desk])
  return desk
}
