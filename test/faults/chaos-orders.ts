import { createHmac, randomUUID } from 'node:crypto'
import type { OrderView } from '../../src/protocol/views.js'
import { createClient, type HttpClient } from '../helpers/http-client.js'
import { TEST_SECRETS } from '../helpers/service.js'
import { V1Client } from './chaos-clients.js'
import type { Crowd } from './chaos-crowd.js'
import { withSession } from './chaos-people.js'

interface Guest {
  http: HttpClient
  userId: number
  sessionId: string
}

/** Simulates one customer after the other until the crowd stops. */
export async function keepOrdering(crowd: Crowd, paceMs: number): Promise<void> {
  while (!crowd.isStopping) {
    await crowd.pause(crowd.random.below(paceMs))
    await visit(crowd, () => crowd.pause(paceMs / 2 + crowd.random.below(paceMs)))
  }
}

/** One customer's visit, from the order to its delivery. A step that fails is retried or skipped. */
async function visit(crowd: Crowd, think: () => Promise<void>): Promise<void> {
  const { random, data } = crowd
  const theatre = random.pick(data.theatres)
  const guest = await arrive(crowd)
  if (!guest) return
  const paymentMethod = random.chance(0.8) ? 'online' : 'cash'
  const order = await placeOrder(crowd, guest, random.pick(theatre.seats), {
    items: [{ menuItemId: theatre.item, quantity: 1 + random.below(3) }],
    paymentMethod,
  })
  if (!order) return
  const client = watchOrder(crowd, guest, order.id)
  crowd.customers.add(client)
  client.start()
  try {
    await think()
    if (paymentMethod === 'online') await pay(crowd, guest, order, think)
    if (random.chance(0.4)) await chat(crowd, guest, order.id)
    await think()
    for (const step of random.chance(0.15) ? ['cancel'] : ['seen', 'deliver']) {
      await staffStep(crowd, `/api/orders/${order.id}/${step}`)
      if (random.chance(0.15)) await chat(crowd, guest, order.id)
      await think()
    }
    if (random.chance(0.2)) await crowd.ask(guest.http, 'POST', '/api/auth/logout')
    await think()
  } finally {
    if (!crowd.isStopping) {
      client.stop()
      crowd.customers.delete(client)
    }
  }
}

async function arrive(crowd: Crowd): Promise<Guest | null> {
  const http = createClient(crowd.cluster.url)
  const { status, body } = await crowd.ask<{ user: { id: number } }>(http, 'POST', '/api/auth/guest')
  if (status !== 200 || !body) return null
  const session = await withSession(crowd.tally, http)
  return session && { ...session, userId: body.user.id }
}

/** Uses one idempotency key: however often the request is sent, it creates one order. */
async function placeOrder(
  crowd: Crowd,
  { http }: Guest,
  seat: string,
  given: object,
): Promise<OrderView | null> {
  const headers = { 'idempotency-key': randomUUID() }
  const placed = new Set<number>()
  for (let tries = 0; tries < 6; tries++) {
    const answer = await crowd.ask<{ order: OrderView }>(
      http,
      'POST',
      `/api/seats/${seat}/orders`,
      given,
      headers,
    )
    if (answer.body && (answer.status === 201 || answer.status === 200)) {
      placed.add(answer.body.order.id)
      // sometimes sent again after it succeeded, like a reloaded page
      if (tries > 0 || !crowd.random.chance(0.1)) {
        if (placed.size > 1)
          crowd.records.violation(`one idempotency key created the orders ${[...placed].join(' and ')}`)
        return answer.body.order
      }
    }
    await crowd.pause(300)
  }
  return null
}

function watchOrder(crowd: Crowd, guest: Guest, orderId: number): V1Client {
  const options = {
    who: `customer of order ${orderId}`,
    url: crowd.cluster.url,
    path: `/ws/payment-socket/${orderId}/`,
    orderId,
    records: crowd.records,
    identity: () => guest,
    onStop: () => {},
  }
  const client = new V1Client(options)
  crowd.v1.push(client)
  return client
}

async function pay(
  crowd: Crowd,
  { http }: Guest,
  order: OrderView,
  think: () => Promise<void>,
): Promise<void> {
  const { random } = crowd
  let outcomes = ['payment.captured']
  if (random.chance(0.2)) outcomes = ['payment.failed', 'payment.captured']
  else if (random.chance(0.1)) outcomes = []
  for (const outcome of outcomes) {
    const path = `/api/orders/${order.id}/payment`
    const { body, status } = await crowd.ask<{ payment: { id: string } }>(http, 'POST', path)
    if (status !== 200 || !body) continue
    await think()
    await sendWebhook(crowd, order, body.payment.id, outcome)
  }
}

/** Sends the webhook like the provider: until it is accepted, and sometimes once more. */
async function sendWebhook(crowd: Crowd, order: OrderView, paymentId: string, event: string): Promise<void> {
  const entity = {
    id: 'pay_1',
    order_id: paymentId,
    amount: order.total,
    currency: 'INR',
    status: 'captured',
  }
  const raw = JSON.stringify({ event, payload: { payment: { entity } } })
  const headers = {
    'content-type': 'application/json',
    'x-razorpay-event-id': randomUUID(),
    'x-razorpay-signature': createHmac('sha256', TEST_SECRETS.PAYMENT_WEBHOOK_SECRET)
      .update(raw)
      .digest('hex'),
  }
  const provider = createClient(crowd.cluster.url)
  for (let tries = 0; tries < 8; tries++) {
    const { status } = await provider
      .request('POST', '/webhooks/payments', undefined, { raw, headers, within: crowd.tally.requestMs })
      .catch(() => ({ status: 0 }))
    crowd.tally.note(status, 'webhook', '')
    if (status === 200 && !crowd.random.chance(0.2)) return
    await crowd.pause(400)
  }
}

async function chat(crowd: Crowd, { http }: Guest, orderId: number): Promise<void> {
  const send = (who: HttpClient, text: string, clientId: string) =>
    crowd.ask(who, 'POST', `/api/chats/${orderId}/messages`, { text, clientId })
  const clientId = randomUUID()
  for (let tries = 0; tries < 3; tries++) {
    const { status } = await send(http, `Where is my tea? ${clientId}`, clientId)
    if (status > 0 && status < 500) break
  }
  await send(await crowd.adminHttp(), `On its way, ${clientId}`, randomUUID())
}

/** Performs a step as a staff user or, if that fails, as the admin, until it is answered. */
async function staffStep(crowd: Crowd, path: string): Promise<void> {
  const staff = crowd.random.pick(crowd.screens).identity
  if (staff && (await crowd.ask(staff.http, 'POST', path)).status === 200) return
  for (let tries = 0; tries < 10; tries++) {
    const { status } = await crowd.ask(await crowd.adminHttp(), 'POST', path)
    if (status === 401) crowd.admin = null
    else if (status > 0 && status < 500) return
    await crowd.pause(400)
  }
}
