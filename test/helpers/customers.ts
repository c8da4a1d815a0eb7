import type { Database } from '../../src/database/client.js'
import type { OrderView } from '../../src/protocol/views.js'
import { createClient, type HttpClient } from './http-client.js'

/** Quantities by the demo menu's names. */
export type Wish = Record<string, number>

export interface OrderOptions {
  /** the seat's token */
  seat?: string
  /** one of the menu's first item unless given */
  wish?: Wish
  paymentMethod?: 'cash' | 'online'
  phone?: string
  note?: string
}

interface Menu {
  menu: { id: number; name: string }[]
}

/** Places one order from a seat; a client without a session becomes a guest. */
export async function postOrder(client: HttpClient, options: OrderOptions = {}): Promise<OrderView> {
  const { seat = 'demo-a1', wish, ...given } = options
  const found = await client.get<Menu>(`/api/seats/${seat}`)
  if (found.status !== 200) throw new Error(`the seat was answered ${found.status}: ${found.text}`)
  const { menu } = found.body
  const items = Object.entries(wish ?? { [menu[0]?.name ?? '']: 1 }).map(([name, quantity]) => {
    const item = menu.find((each) => each.name === name)
    if (!item) throw new Error(`the menu of ${seat} has no ${name}`)
    return { menuItemId: item.id, quantity }
  })
  const wanted = { paymentMethod: 'cash', ...given, items }
  const answer = await client.post<{ order: OrderView }>(`/api/seats/${seat}/orders`, wanted)
  if (answer.status !== 201) throw new Error(`the order was answered ${answer.status}: ${answer.text}`)
  return answer.body.order
}

/** A customer without a browser: a guest session of its own, and one order. */
export interface Customer {
  /** the seat's token */
  seat: string
  client: HttpClient
  orderId: number
}

/** `online` is paid at the simulated checkout; `unpaid` and `failed` are online orders that wait for their money. */
export type HowPaid = 'online' | 'cash' | 'unpaid' | 'failed'

/** A new customer who orders from a seat of the demo. */
export async function orderFrom(
  url: string,
  seat: string,
  wish: Wish,
  how: HowPaid = 'online',
  note?: string,
): Promise<Customer> {
  const client = createClient(url)
  const { id } = await postOrder(client, {
    seat,
    wish,
    paymentMethod: how === 'cash' ? 'cash' : 'online',
    ...(note ? { note } : {}),
  })
  if (how === 'online' || how === 'failed') await settle(client, id, how === 'online' ? 'pay' : 'fail')
  return { seat, client, orderId: id }
}

async function settle(client: HttpClient, orderId: number, button: 'pay' | 'fail'): Promise<void> {
  const { body } = await client.post<{ payment: { id: string } }>(`/api/orders/${orderId}/payment`)
  const { status, text } = await client.post(`/api/checkout/${encodeURIComponent(body.payment.id)}/${button}`)
  if (status !== 204) throw new Error(`the payment was answered ${status}: ${text}`)
}

let sent = 0

/** Sends a chat message to an order's conversation, as the customer or as staff. */
export async function sendMessage(client: HttpClient, orderId: number, text: string): Promise<void> {
  sent += 1
  const answer = await client.post(`/api/chats/${orderId}/messages`, { text, clientId: `message-${sent}` })
  if (answer.status !== 201) throw new Error(`the message was answered ${answer.status}: ${answer.text}`)
}

/** The first item of a theatre's menu. */
export const firstMenuItem = (db: Database, theatreId = 1): Promise<{ id: number; price: number }> =>
  db.menuItem.findFirstOrThrow({ where: { theatreId }, orderBy: { id: 'asc' } })
