import { lastMessages, listChats } from './chat/chat-queries.js'
import { viewChat, viewMessage } from './chat/chat-view.js'
import { Prisma, type Queryable, type RawClient } from './database/client.js'
import { readHeads } from './events/event-log.js'
import { listLiveOrders } from './orders/order-queries.js'
import { readOrders } from './orders/order-record.js'
import { viewOrder } from './orders/order-view.js'
import { type GroupName, orderGroup, readGroup, theatreOrders } from './protocol/groups.js'
import type { ChatView, MessageView, OrderView } from './protocol/views.js'

/** A group's state, as of its event `seq` and as of the access epoch. */
export interface Snapshot {
  seq: number
  epoch: number
  /** JSON text */
  data: string
}

/** characters of a group's JSON after which the event loop runs before the next group is encoded */
const LONG_TEXT = 64 * 1024

/**
 * Reads the state of each group, its counter and the access epoch in one repeatable-read transaction: at read committed
 * another change could commit between the statements. The groups share the statements.
 */
export async function readSnapshots(
  db: RawClient,
  groups: readonly GroupName[],
): Promise<Map<GroupName, Snapshot>> {
  const [{ seqs, epoch }, states] = await db.transaction(
    (tx) => Promise.all([readHeads(tx, groups), readStates(tx, groups)]),
    { isolation: 'RepeatableRead' },
  )
  const snapshots = new Map<GroupName, Snapshot>()
  for (const [group, state] of states) {
    const data = JSON.stringify(state)
    snapshots.set(group, { seq: seqs.get(group) ?? 0, epoch, data })
    if (data.length > LONG_TEXT) await new Promise((resolve) => setImmediate(resolve))
  }
  return snapshots
}

async function readStates(tx: Queryable, groups: readonly GroupName[]): Promise<Map<GroupName, unknown>> {
  const states = new Map<GroupName, unknown>()
  const theatreIds: number[] = []
  const orderIds: number[] = []
  for (const group of groups) {
    const parts = readGroup(group)
    if (parts?.kind === 'theatre-orders') theatreIds.push(parts.theatreId)
    else if (parts?.kind === 'order') orderIds.push(parts.orderId)
    else if (parts?.kind === 'theatre-chat') states.set(group, await readTheatreChats(tx, parts.theatreId))
    else throw new Error(`not a group: ${group}`)
  }
  if (theatreIds.length > 0) {
    for (const [id, state] of await readTheatresOrders(tx, theatreIds)) states.set(theatreOrders(id), state)
  }
  if (orderIds.length > 0) {
    for (const [id, state] of await readOrderStates(tx, orderIds)) states.set(orderGroup(id), state)
  }
  return states
}

/** `theatre:{id}:orders` of each theatre: its live orders, oldest first. */
export async function readTheatresOrders(
  tx: Queryable,
  theatreIds: readonly number[],
): Promise<Map<number, { orders: OrderView[] }>> {
  const states = new Map(theatreIds.map((id) => [id, { orders: [] as OrderView[] }]))
  for (const order of await listLiveOrders(tx, theatreIds)) {
    states.get(order.theatreId)?.orders.push(viewOrder(order))
  }
  return states
}

/** `theatre:{id}:chat`: the theatre's recent conversations, at most 200: unread ones first, then the most recently active. */
export async function readTheatreChats(tx: Queryable, theatreId: number): Promise<{ chats: ChatView[] }> {
  return { chats: (await listChats(tx, theatreId)).map(viewChat) }
}

/**
 * `order:{id}` of each order: the order and its last 50 messages, oldest first; older ones come by page, over HTTP. The
 * order is null when there is none, but then no guard lets anyone subscribe.
 */
export async function readOrderStates(
  tx: Queryable,
  orderIds: readonly number[],
): Promise<Map<number, { order: OrderView | null; messages: MessageView[] }>> {
  const orders = await readOrders(tx, Prisma.sql`o.id = ANY(${[...orderIds]}::int[])`)
  const messages = await lastMessages(tx, orderIds)
  const views = new Map(orders.map((order) => [order.id, viewOrder(order)]))
  return new Map(
    orderIds.map((id) => [
      id,
      { order: views.get(id) ?? null, messages: (messages.get(id) ?? []).map(viewMessage) },
    ]),
  )
}
