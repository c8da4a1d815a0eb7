import t from 'tap'
import { formatLegacyTime } from '../../src/orders/legacy-time.js'
import { viewLegacyFrame, viewLegacyOrders } from '../../src/orders/legacy-view.js'
import type { OrderEventName } from '../../src/orders/order-events.js'
import type { OrderRecord } from '../../src/orders/order-record.js'

const ORDER: OrderRecord = {
  id: 7,
  customerId: 3,
  theatreId: 1,
  theatreName: 'Grand Cinema',
  timeZone: 'Asia/Kolkata',
  maxTime: 30,
  minTime: 10,
  seatId: 12,
  seatName: 'B2',
  hallName: 'Screen 1',
  status: 'placed',
  paymentStatus: 'pending',
  paymentMethod: 'online',
  provider: 'razorpay',
  items: [
    { menuItemId: 1, name: 'Popcorn', quantity: 2, unitPrice: 12050 },
    { menuItemId: 2, name: 'Cola', quantity: 1, unitPrice: 5000 },
  ],
  total: 29100,
  phone: '+91 98765 43210',
  createdAt: new Date('2026-11-23T11:34:00Z'),
  confirmedAt: null,
  seenAt: null,
  deliveredAt: null,
  cancelledAt: null,
}

function innerOf(name: OrderEventName, change: Partial<OrderRecord> = {}, vacant = false) {
  const frame = viewLegacyFrame(name, { ...ORDER, ...change }, vacant)
  return frame && JSON.parse(frame.updated_table_data)
}

t.test('the whole frame, to the letter', async (t) => {
  t.same(innerOf('order.confirmed', { status: 'confirmed', paymentStatus: 'paid' }), {
    msg_typ: 'confirmation',
    theatre_id: 1,
    theatre_name: 'Grand Cinema',
    order_id: 7,
    seat_id: 12,
    seat_name: 'Screen 1|B2',
    payment_panding: false,
    is_vacent: false,
    type: 'bg-success',
    message: 'New Order Come From Screen 1 B2%0A%0A2 x Popcorn, 1 x Cola',
    amount: 291,
    max_time: 30,
    min_time: 10,
    payment_method: 'razorpay',
    payment_status: 'Success',
  })
  t.same(Object.keys(viewLegacyFrame('order.seen', ORDER, false) ?? {}), ['updated_table_data'])
})

t.test('which event sends which frame', async (t) => {
  const kinds: [OrderEventName, string | null, string | null][] = [
    ['order.placed', 'order_placed', 'bg-warning'],
    ['order.confirmed', 'confirmation', 'bg-success'],
    ['order.seen', 'order_seen', 'bg-success'],
    ['order.delivered', 'Delivered', 'bg-success'],
    ['order.cancelled', 'Cancelation', 'bg-danger'],
    ['payment.failed', 'order_placed', 'bg-danger'],
    ['payment.pending', null, null],
    ['payment.paid', null, null],
    ['payment.refunded', null, null],
  ]
  for (const [name, msgTyp, toast] of kinds) {
    const inner = innerOf(name)
    t.same([inner?.msg_typ ?? null, inner?.type ?? null], [msgTyp, toast], name)
  }
  t.match(innerOf('order.delivered').message, /Order Successfylly Deliver/)
  t.equal(innerOf('order.delivered', {}, true).is_vacent, true)
})

t.test('words for payments', async (t) => {
  const rows: [Partial<OrderRecord>, boolean, string, string][] = [
    [{}, true, 'razorpay', 'Created'],
    [{ provider: null }, true, 'Online', 'Created'],
    [{ paymentStatus: 'failed' }, true, 'razorpay', 'Failed'],
    [{ paymentStatus: 'paid' }, false, 'razorpay', 'Success'],
    [{ paymentStatus: 'refunded' }, false, 'razorpay', 'Failed'],
    [{ paymentMethod: 'cash', provider: null }, false, 'Cash', 'Created'],
    [{ paymentMethod: 'cash', provider: null, paymentStatus: 'paid' }, false, 'Cash', 'Success'],
  ]
  for (const [change, pending, method, status] of rows) {
    const inner = innerOf('order.seen', change)
    t.same([inner.payment_panding, inner.payment_method, inner.payment_status], [pending, method, status])
  }
  t.match(
    viewLegacyFrame('order.placed', { ...ORDER, provider: null }, false, 'simulated')?.updated_table_data,
    /simulated/,
  )
})

t.test('clients split the seat’s name on the bar: there is one', async (t) => {
  t.equal(innerOf('order.seen', { hallName: 'A|B', seatName: '1|2' }).seat_name, 'A/B|1/2')
})

t.test('live-orders: a seat’s latest has the seat’s key', async (t) => {
  const orders: OrderRecord[] = [
    { ...ORDER, id: 5 },
    { ...ORDER, id: 6, seatId: 13 },
    { ...ORDER, id: 7, status: 'seen', seenAt: new Date(), confirmedAt: new Date('2026-11-23T18:31:00Z') },
  ]
  const view = viewLegacyOrders(orders)
  t.same(Object.keys(view), ['order-id-5', 'seat-id-13', 'seat-id-12'])
  t.same(view['seat-id-12'], {
    order_id: 7,
    seat_id: 12,
    seat_name: 'B2',
    hall_name: 'Screen 1',
    theatre_id: 1,
    theatre_name: 'Grand Cinema',
    is_vacent: false,
    is_shown: true,
    payment_time: '24-Nov-2026|12:01 AM',
    amount: 291,
    max_time: 30,
    min_time: 10,
    payment_method: 'razorpay',
    payment_status: 'Created',
  })
  t.match(view['seat-id-13'], { is_shown: false, payment_time: '23-Nov-2026|05:04 PM' })
})

t.test('times, in the theatre’s zone', async (t) => {
  const rows: [string, string, string][] = [
    ['2026-11-23T11:34:00Z', 'Asia/Kolkata', '23-Nov-2026 05:04 PM'],
    ['2026-09-01T00:00:00Z', 'UTC', '01-Sep-2026 12:00 AM'],
    ['2026-09-01T12:00:00Z', 'UTC', '01-Sep-2026 12:00 PM'],
    ['2026-07-04T03:59:59Z', 'America/New_York', '03-Jul-2026 11:59 PM'],
  ]
  for (const [at, zone, text] of rows) t.equal(formatLegacyTime(new Date(at), zone, ' '), text)
})
