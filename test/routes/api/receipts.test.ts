import t from 'tap'
import type { ReceiptView } from '../../../src/protocol/manager-views.js'
import { orderFrom, postOrder } from '../../helpers/customers.js'
import { createClient, type HttpClient } from '../../helpers/http-client.js'
import { startNode } from '../../helpers/service.js'
import { signIn } from '../../helpers/sign-in.js'
import { NO_IDS } from '../ids.js'

interface Body {
  error?: string
  receipt: ReceiptView
}

const receipt = (client: HttpClient, id: number | string) => client.get<Body>(`/api/orders/${id}/receipt`)
const GSTIN = '27AAPFU0939F1ZV'
const yearOf = (at: string) => {
  const india = new Date(Date.parse(at) + 5.5 * 3_600_000)
  return india.getUTCFullYear() - (india.getUTCMonth() < 3 ? 1 : 0)
}

t.test('the bill of a paid order, with the tax that its prices include', async (t) => {
  const { url } = await startNode(t)
  const manager = await signIn(url, 'manager')
  await manager.patch('/api/theatres/1/settings', {
    gstin: GSTIN,
    gstRate: 5,
    receiptHeader: 'Grand Cinema Pvt Ltd\n12 MG Road',
  })
  const { client, orderId } = await orderFrom(url, 'demo-a1', { 'Salted Popcorn': 2, 'Masala Chai': 1 })
  // later settings don't change it
  await manager.patch('/api/theatres/1/settings', {
    gstin: null,
    gstRate: 18,
    name: 'Renamed',
    receiptHeader: '',
  })
  const { status, body } = await receipt(client, orderId)
  const year = yearOf(body.receipt.issuedAt)
  const years = `${year}-${String(year + 1).slice(2)}`
  t.equal(status, 200)
  t.match(body.receipt, {
    orderId,
    number: `1/${years.slice(2)}/1`,
    serial: 1,
    financialYear: years,
    seller: 'Grand Cinema',
    header: 'Grand Cinema Pvt Ltd\n12 MG Road',
    gstin: GSTIN,
    seat: { name: 'A1', hall: 'Screen 1' },
    items: [
      { name: 'Salted Popcorn', hsnSac: '996331', quantity: 2, unitPrice: 18_000, amount: 36_000 },
      { name: 'Masala Chai', quantity: 1, amount: 8000 },
    ],
    // 440.00 / 1.05 = 419.05 and twice 10.48
    total: 44_000,
    taxable: 41_904,
    cgst: 1048,
    sgst: 1048,
    gstRate: 5,
    refundedAmount: 0,
    paymentMethod: 'online',
  })
  t.ok(body.receipt.number.length <= 16, 'the GST rules allow 16 characters')
  t.same((await receipt(manager, orderId)).body, body)
  await manager.post(
    `/api/orders/${orderId}/refund`,
    { amount: 100 },
    { headers: { 'idempotency-key': 'k' } },
  )
  t.same((await receipt(client, orderId)).body.receipt, { ...body.receipt, refundedAmount: 100 })
})

t.test('all that a bill shows is of the moment of the payment, and stays', async (t) => {
  const { url, db } = await startNode(t)
  const [manager, admin] = [await signIn(url, 'manager'), await signIn(url, 'admin')]
  const settings = (given: object) => manager.patch('/api/theatres/1/settings', given)
  const [hall] = (await manager.get<{ halls: { id: number }[] }>('/api/theatres/1/halls')).body.halls
  const bills: ReceiptView[] = []
  for (const [before, atPayment, after] of [
    [{ gstin: null }, { gstin: GSTIN, gstRate: 5 }, { gstin: null }],
    [{ gstin: GSTIN, gstRate: 5 }, { gstin: null }, { gstin: GSTIN }],
    [
      { gstin: GSTIN, gstRate: 5 },
      { gstRate: 18, name: 'New name' },
      { gstRate: 28, timeZone: 'UTC' },
    ],
  ]) {
    await settings(before ?? {})
    const guest = createClient(url)
    const { id } = await postOrder(guest, { paymentMethod: 'cash' })
    await settings(atPayment ?? {})
    t.equal((await admin.post(`/api/orders/${id}/collect-cash`)).status, 200)
    const { body } = await receipt(guest, id)
    await settings(after ?? {})
    await manager.patch(`/api/halls/${hall?.id}`, { name: `Hall ${id}` })
    await db.$executeRaw`UPDATE seats SET name = name || 'x' WHERE hall_id = ${hall?.id ?? 0}`
    t.same((await receipt(guest, id)).body, body, 'as it was issued')
    bills.push(body.receipt)
  }
  t.match(bills, [
    { gstin: GSTIN, gstRate: 5 },
    { gstin: null, gstRate: 0, cgst: 0, sgst: 0 },
    { gstin: GSTIN, gstRate: 18, seller: 'New name', timeZone: 'Asia/Kolkata' },
  ])
  const { takings } = (await manager.get<{ takings: { gst: number } }>('/api/theatres/1/takings')).body
  t.equal(
    takings.gst,
    bills.reduce((sum, { cgst, sgst }) => sum + cgst + sgst, 0),
    'the books have the tax of the bills',
  )
  for (const change of ["UPDATE receipts SET gstin = 'other'", 'DELETE FROM receipts'])
    await t.rejects(db.$executeRawUnsafe(change), /can.t be changed or deleted/)
})

t.test('a bill’s lines name the chosen options, which the unit price includes', async (t) => {
  const { url, db } = await startNode(t)
  const manager = await signIn(url, 'manager')
  const { id } = await db.menuItem.findFirstOrThrow({ where: { theatreId: 1, name: 'Milkshake' } })
  const chosen = [
    { group: 'Flavour', choice: 'Mango' },
    { group: 'Size', choice: 'Large' },
  ]
  const guest = createClient(url)
  const placed = await guest.post<{ order: { id: number } }>('/api/seats/demo-a2/orders', {
    items: [{ menuItemId: id, quantity: 2, options: chosen }],
    paymentMethod: 'cash',
  })
  t.equal(placed.status, 201, placed.text)
  const orderId = placed.body.order.id
  await manager.post(`/api/orders/${orderId}/collect-cash`)
  const { items } = (await receipt(guest, orderId)).body.receipt
  t.same(items[0]?.options, chosen)
  t.equal(items[0]?.amount, 2 * (items[0]?.unitPrice ?? 0))
})

t.test('an unpaid order has no bill; cash has one once it is collected', async (t) => {
  const { url, db } = await startNode(t)
  const staff = await signIn(url, 'staff')
  await (await signIn(url, 'manager')).patch('/api/theatres/1/settings', { gstin: null })
  const customer = createClient(url)
  const { id } = await postOrder(customer)
  t.match(await receipt(customer, id), { status: 409, body: { error: 'not_paid' } })
  await staff.post(`/api/orders/${id}/deliver`)
  t.match(await receipt(customer, id), { status: 409, body: { error: 'not_paid' } })
  await staff.post(`/api/orders/${id}/collect-cash`)
  const paid = await receipt(customer, id)
  t.match(paid.body.receipt, {
    gstin: null,
    cgst: 0,
    sgst: 0,
    taxable: paid.body.receipt.total,
    paymentMethod: 'cash',
  })
  await staff.post(`/api/orders/${id}/collect-cash`)
  t.equal(await db.receipt.count(), 1)
})

t.test('numbers run without gaps in each theatre, however payments race or fail', async (t) => {
  const { url, db } = await startNode(t)
  const admin = await signIn(url, 'admin')
  const ids: number[] = []
  for (let n = 0; n < 16; n += 1) {
    const seat = n % 4 === 3 ? `demo2-a${1 + (n % 5)}` : `demo-${'abcde'[n % 5]}${1 + (n % 10)}`
    ids.push((await postOrder(createClient(url), { seat })).id)
  }
  const failing = ids.map((id) =>
    db
      .$transaction(async (tx) => {
        await tx.order.update({ where: { id }, data: { paymentStatus: 'paid' } })
        throw new Error('rolled back')
      })
      .catch((error: unknown) => String(error)),
  )
  const answers = await Promise.all(ids.map((id) => admin.post(`/api/orders/${id}/collect-cash`)))
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
  for (const failed of await Promise.all(failing)) t.match(failed, /rolled back/)
  const receipts = await db.receipt.findMany({ orderBy: [{ theatreId: 'asc' }, { number: 'asc' }] })
  const numbers = (theatreId: number) =>
    receipts.filter((each) => each.theatreId === theatreId).map(({ number }) => number)
  t.same(
    numbers(1),
    Array.from({ length: 12 }, (_, at) => at + 1),
  )
  t.same(numbers(2), [1, 2, 3, 4])
})

t.test('a financial year starts on 1 April by the theatre’s clock', async (t) => {
  const { db } = await startNode(t)
  const years = await db.$queryRaw<{ year: number }[]>`
    SELECT houselights_financial_year(at, 'Asia/Kolkata') AS year FROM (VALUES
      (1, timestamptz '2027-03-31 18:29:59Z'), (2, timestamptz '2027-03-31 18:30:00Z'), (3, timestamptz '2027-12-31 23:00:00Z'))
      AS moments (n, at) ORDER BY n`
  t.same(
    years.map(({ year }) => year),
    [2026, 2027, 2027],
  )
  const [text] = await db.$queryRaw<
    { number: string }[]
  >`SELECT houselights_bill_number(12, 2099, 345) AS number`
  t.same(text, { number: '12/99-00/345' })
})

t.test('a bill is for the owner, the theatre’s managers and admins', async (t) => {
  const { url } = await startNode(t)
  const { client, orderId } = await orderFrom(url, 'demo-a1', { 'Masala Chai': 1 })
  const stranger = createClient(url)
  await stranger.post('/api/auth/guest')
  t.equal((await receipt(client, orderId)).status, 200)
  for (const name of ['manager', 'admin'])
    t.equal((await receipt(await signIn(url, name), orderId)).status, 200)
  t.equal((await receipt(await signIn(url, 'staff'), orderId)).status, 403)
  const missing = await receipt(stranger, 999_999)
  for (const other of [stranger, createClient(url), await signIn(url, 'staff2')]) {
    const answer = await receipt(other, orderId)
    t.same([answer.status, answer.text], [404, missing.text])
  }
  for (const id of NO_IDS) t.equal((await receipt(client, id)).status, 404)
})
