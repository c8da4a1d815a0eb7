import t from 'tap'
import type { OrderView, PaymentIssueView } from '../../../src/protocol/views.js'
import { postOrder } from '../../helpers/customers.js'
import { createClient, type HttpClient } from '../../helpers/http-client.js'
import { startNode, type TestService } from '../../helpers/service.js'
import { signIn } from '../../helpers/sign-in.js'
import { NO_IDS } from '../ids.js'

interface Body {
  error?: string
  order: OrderView
  issues: PaymentIssueView[]
  issue: PaymentIssueView
  payment: { id: string }
}

const refund = (client: HttpClient, id: number | string, body?: object, key: string | null = 'key-1') =>
  client.post<Body>(`/api/orders/${id}/refund`, body, {
    headers: key === null ? {} : { 'idempotency-key': key },
  })

/** A customer with an order that was paid at the simulated checkout. */
async function payOnline({ url }: TestService, seat = 'demo-a1') {
  const browser = createClient(url)
  const { id, total } = await postOrder(browser, { seat, paymentMethod: 'online' })
  const { payment } = (await browser.post<Body>(`/api/orders/${id}/payment`)).body
  await browser.post(`/api/checkout/${payment.id}/pay`)
  const read = async () => (await browser.get<Body>(`/api/orders/${id}`)).body.order
  return { browser, id, total, paymentId: payment.id, read }
}

t.test('the simulated provider gives back what managers ask for', async (t) => {
  const service = await startNode(t)
  const { id, read } = await payOnline(service)
  const manager = await signIn(service.url, 'manager')
  const first = await refund(manager, id, { amount: 1000 })
  t.match(
    [first.status, first.body.order],
    [200, { paymentStatus: 'partially_refunded', refundedAmount: 1000 }],
  )
  t.match((await refund(manager, id, { amount: 1000 })).body.order, { refundedAmount: 1000 }, 'repeated')
  const rest = await refund(await signIn(service.url, 'admin'), id, undefined, 'key-2')
  t.match(rest.body.order, { paymentStatus: 'refunded', refundedAmount: 18_000, dueBack: 0 })
  t.same(await read(), rest.body.order)
  const none = await refund(manager, id, {}, 'key-3')
  t.same([none.status, none.body.error], [409, 'nothing_to_refund'])
})

t.test('who may refund, and what a refund needs', async (t) => {
  const service = await startNode(t)
  const { browser, id } = await payOnline(service)
  const elsewhere = await payOnline(service, 'demo2-a1')
  const manager = await signIn(service.url, 'manager')
  const plain = await refund(await signIn(service.url, 'staff'), id)
  t.same([plain.status, plain.body.error], [403, 'forbidden'])
  t.equal((await refund(await signIn(service.url, 'staff2'), id)).status, 404)
  t.equal((await refund(manager, elsewhere.id)).status, 404)
  t.equal((await refund(browser, id)).status, 403)
  t.equal((await refund(createClient(service.url), id)).status, 401)
  for (const path of NO_IDS.slice(0, -1)) t.equal((await refund(manager, path)).status, 404)
  const keyless = await refund(manager, id, {}, null)
  t.same([keyless.status, keyless.body.error], [400, 'idempotency_key_required'])
  for (const amount of [0, -1, 1.5, '1000', null]) {
    t.equal((await refund(manager, id, { amount })).status, 400, String(amount))
  }
  t.equal((await refund(manager, id, { amount: 1, currency: 'USD' })).status, 400)
  t.equal((await refund(manager, id, { amount: 1e15 })).status, 409)
  t.match((await elsewhere.read()).refundedAmount, 0)
})

t.test('a manager who is one no longer refunds nothing', async (t) => {
  const service = await startNode(t)
  const { id, read } = await payOnline(service)
  const [manager, admin] = [await signIn(service.url, 'manager'), await signIn(service.url, 'admin')]
  const { id: userId } = await service.db.user.findUniqueOrThrow({ where: { username: 'manager' } })
  t.equal((await admin.patch(`/api/users/${userId}`, { managerOf: [] })).status, 200)
  t.equal((await refund(manager, id)).status, 403)
  t.equal((await manager.get('/api/payment-issues')).status, 403)
  t.equal((await read()).refundedAmount, 0)
})

t.test('rights that end while a refund waits for its order end the refund', async (t) => {
  const service = await startNode(t)
  const { id, read } = await payOnline(service)
  const [manager, admin] = [await signIn(service.url, 'manager'), await signIn(service.url, 'admin')]
  const { id: userId } = await service.db.user.findUniqueOrThrow({ where: { username: 'manager' } })
  const pending = await service.db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id FROM orders WHERE id = ${id} FOR UPDATE`
    const answer = refund(manager, id)
    for (let waits = 0; waits === 0; ) {
      const [row] = await tx.$queryRaw<{ waits: number }[]>`
        SELECT count(*)::int AS waits FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`
      waits = row?.waits ?? 0
    }
    t.equal((await admin.patch(`/api/users/${userId}`, { managerOf: [] })).status, 200)
    return { answer }
  })
  const { status, body } = await pending.answer
  t.same([status, body.error], [409, 'rights_changed'])
  t.equal((await read()).refundedAmount, 0)
  t.equal(await service.db.refund.count(), 0)
})

t.test('payment issues: for managers of the theatre and admins, closed with a note', async (t) => {
  const service = await startNode(t)
  const here = await payOnline(service)
  const there = await payOnline(service, 'demo2-a1')
  const [staff, manager, admin] = [
    await signIn(service.url, 'staff'),
    await signIn(service.url, 'manager'),
    await signIn(service.url, 'admin'),
  ]
  await staff.post(`/api/orders/${here.id}/cancel`)
  await admin.post(`/api/orders/${there.id}/cancel`)
  const list = async (client: HttpClient) => (await client.get<Body>('/api/payment-issues')).body.issues
  const [issue] = await list(manager)
  t.match(issue, {
    kind: 'refund_due',
    orderId: here.id,
    paymentId: here.paymentId,
    chargeId: `pay_${here.paymentId}`,
    amount: here.total,
    at: String,
    note: null,
    resolvedAt: null,
  })
  t.equal((await list(manager)).length, 1)
  t.same(
    (await list(admin)).map(({ orderId }) => orderId),
    [here.id, there.id],
  )
  t.equal((await staff.get('/api/payment-issues')).status, 403)
  t.equal((await here.browser.get('/api/payment-issues')).status, 403)
  t.equal((await createClient(service.url).get('/api/payment-issues')).status, 401)
  t.match(await service.logs.expect({ msg: 'PAYMENTISSUE' }), {
    level: 50,
    kind: 'refund_due',
    amount: here.total,
  })
  t.match(
    (await createClient(service.url).get('/metrics')).text,
    /payment_issues_total\{kind="refund_due"\} 2/,
  )

  const resolve = (client: HttpClient, id: number | string, note: unknown) =>
    client.post<Body>(`/api/payment-issues/${id}/resolve`, { note })
  const id = issue?.id ?? 0
  t.equal((await resolve(staff, id, 'x')).status, 403)
  t.equal((await resolve(manager, id, ' ')).status, 400)
  t.equal((await resolve(manager, id, 'x'.repeat(501))).status, 400)
  t.equal((await resolve(manager, id, undefined)).status, 400)
  const other = (await list(admin)).find(({ orderId }) => orderId === there.id)?.id ?? 0
  t.equal((await resolve(manager, other, 'x')).status, 404)
  t.equal((await resolve(manager, 2_147_483_647, 'x')).status, 404)
  for (const path of NO_IDS.slice(0, -1)) t.equal((await resolve(manager, path, 'x')).status, 404)
  const resolved = await resolve(manager, id, '  Given back in cash.  ')
  t.match(
    [resolved.status, resolved.body.issue],
    [200, { id, note: 'Given back in cash.', resolvedAt: String }],
  )
  t.same((await resolve(admin, id, 'Another note')).body.issue, resolved.body.issue, 'it keeps its note')
  t.same(await list(manager), [resolved.body.issue])
})

t.test('orders that owe or are owed money', async (t) => {
  const service = await startNode(t)
  const staff = await signIn(service.url, 'staff')
  const owed = async () => {
    const { body } = await staff.get<{ orders: OrderView[] }>('/api/theatres/1/orders?owed=1')
    return body.orders.map(({ id }) => id)
  }
  const customer = createClient(service.url)
  const cash = await postOrder(customer, { paymentMethod: 'cash' })
  await postOrder(customer, { paymentMethod: 'online' })
  await postOrder(customer, { seat: 'demo2-a1', paymentMethod: 'cash' })
  const paid = await payOnline(service)
  t.same(await owed(), [cash.id])
  await staff.post(`/api/orders/${cash.id}/deliver`)
  await staff.post(`/api/orders/${paid.id}/cancel`)
  t.same(await owed(), [cash.id, paid.id])
  t.equal((await paid.read()).dueBack, paid.total)
  await staff.post(`/api/orders/${cash.id}/collect-cash`)
  t.same(await owed(), [paid.id])
  await refund(await signIn(service.url, 'manager'), paid.id)
  t.same(await owed(), [])
  t.equal((await staff.get('/api/theatres/1/orders?owed=2')).status, 400)
  t.equal((await (await signIn(service.url, 'staff2')).get('/api/theatres/1/orders?owed=1')).status, 403)
})

t.test('with AUTO_REFUND off a manager gives late and second payments back', async (t) => {
  const service = await startNode(t, { env: { AUTO_REFUND: 'off' } })
  const browser = createClient(service.url)
  const { id, total } = await postOrder(browser, { paymentMethod: 'online' })
  const { payment } = (await browser.post<Body>(`/api/orders/${id}/payment`)).body
  await (await signIn(service.url, 'staff')).post(`/api/orders/${id}/cancel`)
  await browser.post(`/api/checkout/${payment.id}/pay`)
  const read = async () => (await browser.get<Body>(`/api/orders/${id}`)).body.order
  t.match(await read(), { status: 'cancelled', paymentStatus: 'paid', dueBack: total })
  t.equal(await service.db.refund.count(), 0)
  const manager = await signIn(service.url, 'manager')
  t.match((await refund(manager, id)).body.order, { paymentStatus: 'refunded', dueBack: 0 })
  t.match((await manager.get<Body>('/api/payment-issues')).body.issues, [
    { kind: 'late_capture', note: null, resolvedAt: String },
  ])
})
