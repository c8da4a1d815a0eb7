import { createClient, type HttpClient } from './http-client.js'

/** What a test wants to be eaten: names of the demo menu. */
export type Wish = Record<string, number>

export interface Guest {
  /** the seat's token */
  seat: string
  client: HttpClient
  orderId: number
}

interface Menu {
  menu: { id: number; name: string }[]
}

/**
 * A customer without a browser: a guest's session of its own and one order from a seat of the demo. `online` is paid
 * at the simulated checkout; `unpaid` and `failed` are online orders that wait for their money.
 */
export async function orderFrom(
  url: string,
  seat: string,
  wish: Wish,
  how: 'online' | 'cash' | 'unpaid' | 'failed' = 'online',
): Promise<Guest> {
  const client = createClient(url)
  const { body } = await client.get<Menu>(`/api/seats/${seat}`)
  const items = Object.entries(wish).map(([name, quantity]) => {
    const item = body.menu.find((each) => each.name === name)
    if (!item) throw new Error(`The demo's menu has no ${name}.`)
    return { menuItemId: item.id, quantity }
  })
  const paymentMethod = how === 'cash' ? 'cash' : 'online'
  const placed = await client.post<{ order: { id: number } }>(`/api/seats/${seat}/orders`, {
    items,
    paymentMethod,
  })
  if (placed.status !== 201) throw new Error(`The order was answered ${placed.status}: ${placed.text}`)
  const orderId = placed.body.order.id
  if (how === 'online' || how === 'failed') await settle(client, orderId, how === 'online' ? 'pay' : 'fail')
  return { seat, client, orderId }
}

async function settle(client: HttpClient, orderId: number, button: 'pay' | 'fail'): Promise<void> {
  const { body } = await client.post<{ payment: { id: string } }>(`/api/orders/${orderId}/payment`)
  const { status, text } = await client.post(`/api/checkout/${encodeURIComponent(body.payment.id)}/${button}`)
  if (status !== 204) throw new Error(`The payment was answered ${status}: ${text}`)
}

let said = 0

/** Says something in the guest's conversation. */
export async function say(guest: Guest, text: string): Promise<void> {
  said += 1
  await saySomething(guest.client, guest.orderId, text, `guest-${said}`)
}

export async function saySomething(
  client: HttpClient,
  orderId: number,
  text: string,
  clientId: string,
): Promise<void> {
  const answer = await client.post(`/api/chats/${orderId}/messages`, { text, clientId })
  if (answer.status !== 201) throw new Error(`The message was answered ${answer.status}: ${answer.text}`)
}

/** An account of the demo without a browser. */
export async function colleague(url: string, username = 'staff'): Promise<HttpClient> {
  const client = createClient(url)
  const { status } = await client.post('/api/auth/login', { username, password: 'houselights-demo' })
  if (status !== 200) throw new Error(`The login of ${username} was answered ${status}.`)
  return client
}
