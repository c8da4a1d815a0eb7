import { createClient, type HttpClient } from '../helpers/http-client.js'
import type { TestApp } from '../helpers/service.js'

/** The demo theatres' people, each with a session of their own. */
export interface People {
  staff: HttpClient
  otherStaff: HttpClient
  admin: HttpClient
  guest: HttpClient
  otherGuest: HttpClient
  /** the guest's, at theatre 1 */
  orderId: number
}

export const DEMO_PASSWORD = 'houselights-demo'

export async function signIn(url: string, username: string): Promise<HttpClient> {
  const client = createClient(url)
  const answer = await client.post('/api/auth/login', { username, password: DEMO_PASSWORD })
  if (answer.status !== 200) throw new Error(`${username} can’t sign in: ${answer.status} ${answer.text}`)
  return client
}

/** Orders one thing from a seat; makes a guest of a client without a session. */
export async function order(client: HttpClient, seat = 'demo-a1', extra: object = {}): Promise<number> {
  const { body: seatAnswer } = await client.get<{ menu: { id: number }[] }>(`/api/seats/${seat}`)
  const [item] = seatAnswer.menu
  const { body, status, text } = await client.post<{ order: { id: number } }>(`/api/seats/${seat}/orders`, {
    items: [{ menuItemId: item?.id, quantity: 1 }],
    paymentMethod: 'cash',
    ...extra,
  })
  if (status !== 201) throw new Error(`no order: ${status} ${text}`)
  return body.order.id
}

export async function gather({ url }: Pick<TestApp, 'url'>): Promise<People> {
  const [staff, otherStaff, admin] = await Promise.all(
    ['staff', 'staff2', 'admin'].map((name) => signIn(url, name)),
  )
  if (!staff || !otherStaff || !admin) throw new Error('nobody came')
  const guest = createClient(url)
  const otherGuest = createClient(url)
  const orderId = await order(guest)
  await order(otherGuest, 'demo2-a1')
  return { staff, otherStaff, admin, guest, otherGuest, orderId }
}
