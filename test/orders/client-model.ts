import type { StoredEvent } from '../../src/events/event-log.js'
import type { ChatView, EventName, MessageView, OrderView } from '../../src/protocol/views.js'
import { readOrderStates, readTheatreChats, readTheatresOrders } from '../../src/snapshots.js'
import type { Fixture } from '../helpers/fixture.js'

// How a client applies events to a snapshot, as pure functions.

export interface OrderState {
  order: OrderView | null
  messages: MessageView[]
}

export interface State {
  orders: OrderView[]
  chats: ChatView[]
  each: Map<number, OrderState>
}

const LIVE = new Set(['placed', 'confirmed', 'seen'])

function applyToOrders(orders: OrderView[], order: OrderView): OrderView[] {
  const others = orders.filter(({ id }) => id !== order.id)
  return LIVE.has(order.status) ? [...others, order].sort((a, b) => a.id - b.id) : others
}

function applyToChats(chats: ChatView[], chat: ChatView): ChatView[] {
  const lastId = ({ lastMessage }: ChatView) => lastMessage?.id ?? 0
  const isUnread = ({ unread }: ChatView) => Number(unread > 0)
  return [...chats.filter(({ id }) => id !== chat.id), chat].sort(
    (a, b) => isUnread(b) - isUnread(a) || lastId(b) - lastId(a),
  )
}

function applyToOrder(state: OrderState, name: EventName, data: unknown): OrderState {
  if (name !== 'chat.message') return { ...state, order: data as OrderView }
  const { message } = data as { message: MessageView }
  return { ...state, messages: [...state.messages, message].slice(-50) }
}

/** The state of theatre 1 and of the given orders, from one database snapshot. */
export async function snapshot(fixture: Fixture, orderIds: number[]): Promise<State> {
  return await fixture.db.$transaction(
    async (tx) => {
      const each = new Map<number, OrderState>()
      for (const [id, state] of await readOrderStates(tx, orderIds)) each.set(id, state)
      return {
        orders: (await readTheatresOrders(tx, [1])).get(1)?.orders ?? [],
        chats: (await readTheatreChats(tx, 1)).chats,
        each,
      }
    },
    { isolationLevel: 'RepeatableRead' },
  )
}

/** The state of a client that had `before` and has applied the events of all groups, each group's in order of seq. */
export function applyEvents(before: State, events: readonly StoredEvent[]): State {
  const bySeq = [...events].sort((a, b) => a.seq - b.seq)
  const of = (group: string) =>
    bySeq
      .filter((event) => event.group === group)
      .map(({ name, data }) => ({ name, data: JSON.parse(data) as unknown }))
  const orders = of('theatre:1:orders').reduce(
    (state, { data }) => applyToOrders(state, data as OrderView),
    before.orders,
  )
  const chats = of('theatre:1:chat').reduce(
    (state, { data }) => applyToChats(state, (data as { conversation: ChatView }).conversation),
    before.chats,
  )
  const each = new Map<number, OrderState>()
  for (const [id, initial] of before.each) {
    each.set(
      id,
      of(`order:${id}`).reduce((state, { name, data }) => applyToOrder(state, name, data), initial),
    )
  }
  return { orders, chats, each }
}

export const EMPTY: OrderState = { order: null, messages: [] }
