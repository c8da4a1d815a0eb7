import t from 'tap'
import type { TakingsView } from '../../../src/protocol/manager-views.js'
import type { OrderView } from '../../../src/protocol/views.js'
import { postOrder } from '../../helpers/customers.js'
import { createClient, type HttpClient } from '../../helpers/http-client.js'
import { assertConnectionsLeft } from '../../helpers/lock-waits.js'
import { Random, seedOfRun } from '../../helpers/random.js'
import { startNode, type TestService } from '../../helpers/service.js'
import { signIn } from '../../helpers/sign-in.js'
import { NO_IDS } from '../ids.js'

interface Body {
  error?: string
  takings: TakingsView
  orders: OrderView[]
  next: number | null
}

const takings = (client: HttpClient, query = '', id: number | string = 1) =>
  client.get<Body>(`/api/theatres/${id}/takings${query}`)
const history = (client: HttpClient, query = '', id: number | string = 1) =>
  client.get<Body>(`/api/theatres/${id}/history${query}`)

async function pay(client: HttpClient, orderId: number): Promise<void> {
  const { body } = await client.post<{ payment: { id: string } }>(`/api/orders/${orderId}/payment`)
  await client.post(`/api/checkout/${body.payment.id}/pay`)
}

const GST = { gstin: '27AAPFU0939F1ZV' }
const SUMS = ['orders', 'itemsSold', 'gross', 'gst', 'refunds'] as const

/** GST contained in a price, by other means than the service's: twice its half, rounded half up. */
function gstOf(price: number, rate: number): number {
  const [divisor, tax] = [2n * BigInt(10_000 + rate), BigInt(price) * BigInt(rate)]
  return 2 * Number((2n * tax + divisor) / (2n * divisor))
}

const isPaid = ({ paymentStatus }: OrderView) =>
  ['paid', 'partially_refunded', 'refunded'].includes(paymentStatus)

function sumOf(orders: readonly OrderView[], rates: ReadonlyMap<number, number>) {
  const paid = orders.filter(isPaid)
  const sum = <T>(from: readonly T[], of: (each: T) => number) =>
    from.reduce((total, each) => total + of(each), 0)
  return {
    orders: paid.length,
    itemsSold: sum(paid, ({ items }) => sum(items, ({ quantity }) => quantity)),
    gross: sum(paid, ({ total }) => total),
    gst: sum(paid, ({ id, total }) => gstOf(total, rates.get(id) ?? 0)),
    refunds: sum(paid, ({ refundedAmount }) => refundedAmount),
  }
}

/** Orders of all kinds, at random times around two midnights in Kolkata. */
async function makeOrders({ url, db }: TestService, random: Random): Promise<ReadonlyMap<number, number>> {
  const [staff, manager] = [await signIn(url, 'staff'), await signIn(url, 'manager')]
  const rates = new Map<number, number>()
  for (let n = 0; n < 40; n += 1) {
    const rate = random.pick([0, 5, 2.55, 18])
    await manager.patch('/api/theatres/1/settings', { ...GST, gstRate: rate })
    const price = 1 + random.below(50_000)
    await db.menuItem.updateMany({ where: { name: 'Masala Chai', theatreId: 1 }, data: { price } })
    const customer = createClient(url)
    const paymentMethod = random.pick(['cash', 'online'] as const)
    const wish = { 'Masala Chai': 1 + random.below(4), 'Samosa Chaat': 1 + random.below(2) }
    const { id, total } = await postOrder(customer, {
      paymentMethod,
      wish,
      seat: `demo-${random.pick(['a', 'b'])}${1 + random.below(9)}`,
    })
    if (random.chance(0.7)) {
      // what counts is the rate at the payment
      const later = random.pick([rate, 12])
      await manager.patch('/api/theatres/1/settings', { gstRate: later })
      rates.set(id, Math.round(later * 100))
      if (paymentMethod === 'cash') await staff.post(`/api/orders/${id}/collect-cash`)
      else await pay(customer, id)
    }
    if (random.chance(0.3)) await staff.post(`/api/orders/${id}/cancel`)
    else await staff.post(`/api/orders/${id}/deliver`)
    if (random.chance(0.4)) {
      const amount = random.chance(0.3) ? {} : { amount: 1 + random.below(total) }
      await manager.post(`/api/orders/${id}/refund`, amount, { headers: { 'idempotency-key': 'once' } })
    }
    const at = new Date(
      Date.parse('2026-11-28T18:30:00Z') + (random.below(3) - 1) * 1000 + random.below(2) * DAY,
    )
    await db.order.update({ where: { id }, data: { createdAt: at } })
  }
  return rates
}

const DAY = 86_400_000

t.test('a day’s takings are the sum of its orders, to the paisa', async (t) => {
  const seed = seedOfRun()
  const service = await startNode(t)
  const rates = await makeOrders(service, new Random(seed))
  const manager = await signIn(service.url, 'manager')
  let seen = 0
  for (const day of ['2026-11-27', '2026-11-28', '2026-11-29', '2026-11-30']) {
    const { orders } = (await history(manager, `?from=${day}&to=${day}`)).body
    seen += orders.length
    const books = (await takings(manager, `?day=${day}`)).body.takings
    const message = `${day}, SEED=${seed}`
    t.match(books, { day, timeZone: 'Asia/Kolkata', ...sumOf(orders, rates) }, message)
    for (const method of ['online', 'cash'] as const) {
      const own = orders.filter(({ paymentMethod }) => paymentMethod === method)
      t.same(books.byMethod[method], sumOf(own, rates), `${message}, ${method}`)
    }
    const open = orders.filter(
      (order) =>
        order.paymentMethod === 'cash' && order.paymentStatus === 'pending' && order.status !== 'cancelled',
    )
    t.equal(
      books.cashOwed,
      open.reduce((sum, { total }) => sum + total, 0),
      message,
    )
    t.equal(
      books.refundsDue,
      orders.reduce((sum, { dueBack }) => sum + dueBack, 0),
      message,
    )
    t.equal(
      books.items.reduce((sum, { amount }) => sum + amount, 0),
      books.gross,
      message,
    )
    t.equal(
      books.items.reduce((sum, { quantity }) => sum + quantity, 0),
      books.itemsSold,
      message,
    )
    const csv = await manager.get(`/api/theatres/1/takings.csv?day=${day}`)
    const [, ...lines] = csv.text.trimEnd().split('\r\n')
    t.equal(lines.length, orders.length + 1)
    const money = [books.gross, books.gst, books.refunds, books.cashOwed, books.refundsDue]
    const last = lines.at(-1)?.split(',').slice(-5)
    t.same(
      last,
      money.map((paise) => (paise / 100).toFixed(2)),
      `${message}, CSV`,
    )
  }
  t.equal(seen, 40, 'each order is on one day')
  for (const sum of SUMS) t.ok((await takings(manager, '?day=2026-11-29')).body.takings[sum] > 0, sum)
})

t.test('today is the theatre’s own', async (t) => {
  const { url, db } = await startNode(t)
  const manager = await signIn(url, 'manager')
  await db.theatre.update({ where: { id: 1 }, data: { timeZone: 'Pacific/Kiritimati' } })
  const today = new Date(Date.now() + 14 * 3_600_000).toISOString().slice(0, 10)
  const staff = await signIn(url, 'staff')
  const { id, total } = await postOrder(createClient(url))
  await staff.post(`/api/orders/${id}/collect-cash`)
  t.match((await takings(manager)).body.takings, { day: today, gross: total, orders: 1 })
  const csv = await manager.get('/api/theatres/1/takings.csv')
  t.equal(csv.headers['content-type'], 'text/csv; charset=utf-8')
  t.equal(csv.headers['content-disposition'], `attachment; filename="takings-1-${today}.csv"`)
})

t.test('history is searched by number, seat, item and phone, and comes by page', async (t) => {
  const { url, db } = await startNode(t)
  const [manager, staff] = [await signIn(url, 'manager'), await signIn(url, 'staff')]
  const tea = await postOrder(createClient(url), {
    wish: { 'Masala Chai': 1 },
    seat: 'demo-a1',
    phone: '+91 98765 43210',
  })
  const chaat = await postOrder(createClient(url), { wish: { 'Samosa Chaat': 1 }, seat: 'demo-a10' })
  await postOrder(createClient(url), { seat: 'demo2-a1' })
  await staff.post(`/api/orders/${tea.id}/deliver`)
  const ids = async (query: string) => (await history(manager, query)).body.orders.map(({ id }) => id)
  t.same(await ids(''), [chaat.id, tea.id], 'of this theatre, the newest first')
  for (const [q, found] of [
    [`#${tea.id}`, tea],
    ['a1', tea],
    ['screen 1 A10', chaat],
    ['CHAI', tea],
    ['43210', tea],
    ['४३२१०', tea],
    [' samosa ', chaat],
  ] as const) {
    t.same(await ids(`?q=${encodeURIComponent(q)}`), [found.id], q)
  }
  for (const q of ['4321', '%', '_', '\\', 'zz\u0000', '99999999999', "'"]) {
    t.same(await ids(`?q=${encodeURIComponent(q)}`), [], q)
  }
  t.same(await ids('?status=delivered'), [tea.id])
  t.same(await ids('?q=chai&status=cancelled'), [])
  t.same(await ids('?to=2020-01-01'), [])
  for (const query of [
    '?from=2026-02-30',
    '?to=x',
    '?status=eaten',
    '?after=0',
    '?page=2',
    `?q=${'x'.repeat(101)}`,
  ]) {
    t.match(await history(manager, query), { status: 400, body: { error: 'validation_failed' } }, query)
  }
  await db.$executeRaw`
    INSERT INTO orders (theatre_id, seat_id, customer_id, payment_method, total)
    SELECT theatre_id, seat_id, customer_id, 'cash', 100 FROM orders, generate_series(1, 118) WHERE id = ${tea.id}`
  const pages: number[][] = []
  for (let after: number | null = null, first = true; first || after !== null; first = false) {
    const { body } = await history(manager, after === null ? '' : `?after=${after}`)
    pages.push(body.orders.map(({ id }) => id))
    after = body.next
  }
  t.same(
    pages.map(({ length }) => length),
    [50, 50, 20],
  )
  const all = pages.flat()
  t.same(
    all,
    [...new Set(all)].sort((a, b) => b - a),
    'each once, in order',
  )
})

t.test('the books are for the theatre’s managers and admins', async (t) => {
  const { url } = await startNode(t)
  const guest = createClient(url)
  await guest.post('/api/auth/guest')
  const [staff, manager, admin] = [
    await signIn(url, 'staff'),
    await signIn(url, 'manager'),
    await signIn(url, 'admin'),
  ]
  for (const call of ['takings', 'takings.csv', 'history']) {
    const get = async (client: HttpClient, id: number | string = 1) =>
      (await client.get(`/api/theatres/${id}/${call}`)).status
    t.equal(await get(createClient(url)), 401)
    t.equal(await get(guest), 403)
    t.equal(await get(staff), 403)
    t.equal(await get(manager, 2), 403)
    t.equal(await get(manager, 999), 403)
    t.equal(await get(admin, 2), 200)
    for (const id of NO_IDS) t.equal(await get(admin, id), 404)
  }
  t.equal((await takings(manager, '?day=2026-11-31')).status, 400)
})

t.test('searches of one manager, however many, leave connections to others', async (t) => {
  const { url, db } = await startNode(t)
  const manager = await signIn(url, 'manager')
  const calls = [() => takings(manager), () => history(manager, '?q=popcorn')]
  const waiting = await db.$transaction(async (tx) => {
    await tx.$executeRaw`LOCK TABLE order_items IN ACCESS EXCLUSIVE MODE`
    // more than the node has connections
    const answers = Array.from({ length: 12 }, (_, i) => calls[i % 2]?.())
    await assertConnectionsLeft(t, db, url, '/api/seats/demo-a1')
    return answers
  })
  await Promise.all(waiting)
})
