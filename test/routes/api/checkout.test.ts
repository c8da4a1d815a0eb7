import { createHmac } from 'node:crypto'
import t from 'tap'
import type { OrderView } from '../../../src/protocol/views.js'
import { postOrder } from '../../helpers/customers.js'
import type { HttpClient } from '../../helpers/http-client.js'
import { createClient } from '../../helpers/http-client.js'
import { startService, TEST_SECRETS } from '../../helpers/service.js'
import { signIn } from '../../helpers/sign-in.js'
import { until } from '../../helpers/until.js'

interface Payment {
  id: string
  provider: string
  status: string
  amount: number
  checkoutUrl: string
}

async function startPaying(browser: HttpClient) {
  const order = await postOrder(browser, { paymentMethod: 'online' })
  const { body } = await browser.post<{ payment: Payment }>(`/api/orders/${order.id}/payment`)
  const read = async () => (await browser.get<{ order: OrderView }>(`/api/orders/${order.id}`)).body.order
  return { order, payment: body.payment, read }
}

t.test('from the seat to the confirmed order, through the simulated checkout', async (t) => {
  const service = await startService(t, { demo: true })
  const browser = createClient(service.url)
  const { order, payment, read } = await startPaying(browser)
  t.match(payment, { provider: 'simulated', status: 'pending', amount: order.total })
  t.equal(payment.checkoutUrl, `/checkout/${payment.id}`)
  const again = await browser.post<{ payment: Payment }>(`/api/orders/${order.id}/payment`)
  t.same([again.status, again.body.payment], [200, payment])
  const checkout = `/api/checkout/${payment.id}`
  t.match((await browser.get(checkout)).body, {
    payment: { id: payment.id, status: 'pending', amount: order.total, orderId: order.id },
    theatreName: 'Grand Cinema',
  })
  for (const [client, status] of [
    [createClient(service.url), 401],
    [await signIn(service.url, 'staff'), 404],
  ] as const) {
    t.equal((await client.get(checkout)).status, status)
    t.equal((await client.post(`${checkout}/pay`)).status, status)
    t.equal((await client.post(`${checkout}/fail`)).status, status)
  }
  t.equal((await browser.post(`${checkout}/fail`)).status, 204)
  t.same([(await read()).status, (await read()).paymentStatus], ['placed', 'failed'])
  const second = (await browser.post<{ payment: Payment }>(`/api/orders/${order.id}/payment`)).body.payment
  t.not(second.id, payment.id)
  t.equal((await read()).paymentStatus, 'pending')
  t.equal((await browser.post(`/api/checkout/${second.id}/pay`)).status, 204)
  t.same([(await read()).status, (await read()).paymentStatus], ['confirmed', 'paid'])
  t.equal((await browser.post(`/api/checkout/${second.id}/pay`)).status, 204, 'repeating succeeds')
  t.notMatch(service.logs.text, 'PAYMENTISSUE')
  const paid = await browser.post<{ error: string }>(`/api/orders/${order.id}/payment`)
  t.same([paid.status, paid.body.error], [409, 'already_paid'])
  for (const path of ['none', 'a%00', '..%2f', '%F0%9F%8D%BF']) {
    t.equal((await browser.get(`/api/checkout/${path}`)).status, 404)
    t.equal((await browser.post(`/api/checkout/${path}/pay`)).status, 404)
  }
})

t.test('a real provider’s payment cannot be paid or failed here', async (t) => {
  const env = {
    PAYMENT_PROVIDER: 'razorpay',
    RAZORPAY_KEY_ID: 'rzp_test_x',
    RAZORPAY_KEY_SECRET: 'hush-hush',
  }
  const service = await startService(t, { demo: true, env })
  const browser = createClient(service.url)
  const order = await postOrder(browser, { paymentMethod: 'online' })
  await service.db.payment.create({
    data: { id: 'order_1', orderId: order.id, provider: 'razorpay', amount: order.total },
  })
  t.match((await browser.get('/api/checkout/order_1')).body, { publicKey: 'rzp_test_x' })
  for (const button of ['pay', 'fail'])
    t.equal((await browser.post(`/api/checkout/order_1/${button}`)).status, 404)
  t.equal((await service.db.payment.findUniqueOrThrow({ where: { id: 'order_1' } })).status, 'pending')
})

t.test('the webhook accepts only signed, valid bodies', async (t) => {
  const service = await startService(t, { demo: true })
  const browser = createClient(service.url)
  const { order, payment, read } = await startPaying(browser)
  const entity = {
    id: 'pay_1',
    order_id: payment.id,
    amount: order.total,
    currency: 'INR',
    status: 'captured',
  }
  const bodyOf = (change: object = {}, event = 'payment.captured') =>
    JSON.stringify({ event, payload: { payment: { entity: { ...entity, ...change } } } })
  const post = (raw: string, headers: Record<string, string> = {}) =>
    createClient(service.url).post<{ error: string; outcome: string }>('/webhooks/payments', undefined, {
      raw,
      headers: {
        'content-type': 'application/json',
        'x-razorpay-signature': createHmac('sha256', TEST_SECRETS.PAYMENT_WEBHOOK_SECRET)
          .update(raw)
          .digest('hex'),
        'x-razorpay-event-id': 'evt_1',
        ...headers,
      },
    })
  const forged = await post(bodyOf(), { 'x-razorpay-signature': 'f'.repeat(64) })
  t.same([forged.status, forged.body.error], [400, 'invalid_signature'])
  t.equal((await post(bodyOf(), { 'x-razorpay-signature': '' })).status, 400)
  let events = 0
  const next = () => ({ 'x-razorpay-event-id': `evt_other_${++events}` })
  t.same((await post('{', next())).body, { outcome: 'ignored' })
  t.same((await post(bodyOf({}, 'order.paid'), next())).body, { outcome: 'ignored' })
  t.same((await post(bodyOf({ id: 'pay_other', order_id: 'sim_none' }), next())).body, { outcome: 'applied' })
  t.match(await service.logs.expect({ msg: 'PAYMENTISSUE', kind: 'unknown_payment' }), {
    level: 50,
    orderId: null,
  })
  t.equal((await read()).status, 'placed')
  t.equal((await post('x'.repeat(65_537), next())).status, 413)
  t.equal((await post('x'.repeat(65_536), next())).status, 200)
  for (const type of ['', 'text/plain', 'nonsense', 'application/x-www-form-urlencoded']) {
    t.equal((await post(`{"type":"${type}"}`, { ...next(), 'content-type': type })).status, 200, type)
  }
  const cross = {
    origin: 'https://api.razorpay.com',
    'sec-fetch-site': 'cross-site',
    'content-type': 'text/plain',
  }
  t.same((await post(bodyOf(), cross)).body, { outcome: 'applied' }, 'authorized by its signature alone')
  t.same((await post(bodyOf())).body, { outcome: 'repeated' })
  t.equal((await read()).status, 'confirmed')
  t.same((await post(bodyOf(), next())).body, { outcome: 'unchanged' }, 'one capture under another event id')
  t.same((await post(bodyOf({ id: 'pay_2' }), next())).body, { outcome: 'applied' })
  t.match(await service.logs.expect({ msg: 'PAYMENTISSUE', kind: 'second_capture' }), {
    level: 50,
    orderId: order.id,
  })
  await service.db.$executeRaw`ALTER TABLE payment_webhooks RENAME TO webhooks_gone`
  t.equal((await post(bodyOf({}, 'payment.failed'), next())).status, 503, 'it could not be stored')
  t.equal((await createClient(service.url).get('/webhooks/payments')).status, 404)
})

t.test('a capture for a cancelled order', async (t) => {
  const service = await startService(t, { demo: true })
  const browser = createClient(service.url)
  const { order, payment, read } = await startPaying(browser)
  await (await signIn(service.url, 'staff')).post(`/api/orders/${order.id}/cancel`)
  t.equal((await browser.post(`/api/orders/${order.id}/payment`)).status, 409)
  t.equal((await browser.post(`/api/checkout/${payment.id}/pay`)).status, 204)
  t.match(await service.logs.expect({ msg: 'PAYMENTISSUE' }), { kind: 'late_capture', orderId: order.id })
  await until(async () => (await read()).paymentStatus === 'refunded', 'the service to give it back')
  t.match(await read(), { status: 'cancelled', refundedAmount: order.total, dueBack: 0 })
})
