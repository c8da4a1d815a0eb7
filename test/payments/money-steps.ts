import { cancelUnpaidOrders } from '../../src/orders/unpaid-orders.js'
import { reconcile } from '../../src/payments/reconciliation.js'
import { sendDueRefunds } from '../../src/payments/refund-requests.js'
import type { Answer, HttpClient } from '../helpers/http-client.js'
import type { MoneyScene } from './money-scene.js'

type Answered = Answer<{ error?: string }>

function attemptOf({ attempts }: MoneyScene, number: string | undefined): string {
  const id = attempts[Number(number) - 1]
  if (!id) throw new Error(`no attempt ${number}`)
  return id
}

function chargeOf({ charges }: MoneyScene, name: string | undefined): string {
  const id = charges[Number(name?.slice(1)) - 1]
  if (!id) throw new Error(`no charge ${name}`)
  return id
}

function refundOf({ charges, razorpay }: MoneyScene, name: string | undefined): string {
  const own = [...razorpay.books.refunds.values()].filter((refund) => charges.includes(refund.payment_id))
  const id = own[Number(name?.slice(1)) - 1]?.id
  if (!id) throw new Error(`no refund ${name}`)
  return id
}

const post = (
  { orderId }: MoneyScene,
  client: HttpClient,
  action: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answered> => client.post(`/api/orders/${orderId}/${action}`, body, { headers })

type Words = (string | undefined)[]

let keys = 0

function refund(
  scene: MoneyScene,
  client: HttpClient,
  amount: string | undefined,
  key = `own-${++keys}`,
): Promise<Answered> {
  const body = amount === 'all' ? undefined : { amount: Number(amount) }
  return post(scene, client, 'refund', body, { 'idempotency-key': `key-${scene.orderId}-${key}` })
}

/** Calls of the service, by the first word of a step. */
export const CALLS: Record<string, (scene: MoneyScene, ...words: Words) => Promise<Answered>> = {
  start: async ({ customer, orderId, attempts }) => {
    const path = `/api/orders/${orderId}/payment`
    const answer = await customer.post<{ payment?: { id: string }; error?: string }>(path)
    const { id } = answer.body.payment ?? {}
    if (id && !attempts.includes(id)) attempts.push(id)
    return answer
  },
  cancel: (scene) => post(scene, scene.people.staff, 'cancel'),
  seen: (scene) => post(scene, scene.people.staff, 'seen'),
  deliver: (scene) => post(scene, scene.people.staff, 'deliver'),
  undo: (scene) => post(scene, scene.people.staff, 'undo'),
  collect: (scene) => post(scene, scene.people.staff, 'collect-cash'),
  'pay-in-cash': (scene) => post(scene, scene.customer, 'pay-in-cash'),
  refund: (scene, amount, key) => refund(scene, scene.people.manager, amount, key),
  'staff-refund': (scene, amount) => refund(scene, scene.people.staff, amount),
  resolve: async (scene, kind) => {
    const issue = (await scene.issues()).find((each) => each.kind === kind && each.resolvedAt === null)
    const body = { note: 'Given back in cash.' }
    return await scene.people.admin.post(`/api/payment-issues/${issue?.id}/resolve`, body)
  },
}

/** What the provider, its customers, time and the operator do. */
export const HAPPENINGS: Record<string, (scene: MoneyScene, ...words: Words) => unknown> = {
  pay: (scene, number, what = '', amount = '') => {
    const options = what ? { [what]: what === 'currency' ? amount : Number(amount) } : {}
    scene.razorpay.books.pay(attemptOf(scene, number), options)
  },
  authorize: (scene, number) => scene.razorpay.books.authorize(attemptOf(scene, number)),
  capture: (scene, name) => scene.razorpay.books.capture(chargeOf(scene, name)),
  fail: (scene, number) => scene.razorpay.books.fail(attemptOf(scene, number)),
  expire: (scene, name) => scene.razorpay.books.expire(chargeOf(scene, name)),
  link: ({ razorpay }, amount) => razorpay.books.pay(null, { amount: Number(amount) }),
  shop: ({ razorpay: { books } }, amount) => books.pay(books.createOrder(Number(amount)).id),
  'give-back': (scene, name, amount) => {
    const { books } = scene.razorpay
    const charge = books.charges.get(chargeOf(scene, name))
    if (charge) books.refund(charge.id, amount === 'all' ? books.refundable(charge) : Number(amount))
  },
  finish: (scene, name, status) =>
    scene.razorpay.books.finishRefund(refundOf(scene, name), status === 'failed' ? 'failed' : 'processed'),
  'slow-refunds': ({ razorpay }) => Object.assign(razorpay.books, { slowRefunds: true }),
  'fast-refunds': ({ razorpay }) => Object.assign(razorpay.books, { slowRefunds: false }),
  'low-balance': ({ razorpay }) => Object.assign(razorpay.books, { lowBalance: true }),
  'enough-balance': ({ razorpay }) => Object.assign(razorpay.books, { lowBalance: false }),
  'provider-down': ({ razorpay }) => Object.assign(razorpay.faults, { down: true }),
  'provider-up': ({ razorpay }) => Object.assign(razorpay.faults, { down: false }),
  'lose-answer': ({ razorpay }) => razorpay.faults.next.push('lost'),
  raw: ({ razorpay, orderId, attempts }, event = '') => {
    const entity = { id: `pay_raw_${orderId}`, order_id: attempts[0], amount: 18_000, currency: 'INR' }
    const payload = { payment: { entity: { ...entity, captured: true } } }
    const body = event === 'nonsense' ? Buffer.from([0x7b, 0xff, 0x00]) : JSON.stringify({ event, payload })
    razorpay.outbox.waiting.push({ eventId: `raw_${orderId}_${event}`, event, body })
  },
  release: ({ razorpay, held }) => razorpay.outbox.waiting.push(...held.splice(0)),
  checkout: async ({ customer, attempts, t }, which) => {
    const answer = await customer.get<{ payable: boolean }>(`/api/checkout/${attempts.at(-1)}`)
    t.equal(answer.body.payable ? 'open' : 'closed', which)
  },
  'time-out': async ({ service: { app, db }, orderId }) => {
    const data = { createdAt: new Date(Date.now() - 3_600_000) }
    await db.order.update({ where: { id: orderId }, data })
    await cancelUnpaidOrders(app.actionContext, 30)
  },
  reconcile: ({ service: { app } }) =>
    reconcile(app.actionContext, app.refunds, { since: new Date(Date.now() - 86_400_000), all: true }),
  'send-refunds': async ({ service: { app, db } }) => {
    await db.$executeRaw`UPDATE refunds SET next_try_at = now() WHERE status = 'requested'`
    await sendDueRefunds(app.actionContext, app.refunds)
  },
  restart: (scene) => scene.restart(),
}
