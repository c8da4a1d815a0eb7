import type { OrderStatus, PaymentStatus } from '../live/protocol.js'
import { formatLegacyTime } from './legacy-time.js'
import type { OrderEventName } from './order-events.js'
import type { OrderRecord } from './order-record.js'

// What the theatres' existing pages read; the spellings are theirs, errors included.

interface FrameKind {
  msgTyp: string
  /** a CSS class */
  toast: string
  message(order: OrderRecord): string
}

const PLACED: FrameKind = {
  msgTyp: 'order_placed',
  toast: 'bg-warning',
  message: (order) => lines(`Order Placed At ${place(order)}`, items(order)),
}

// the desktop player looks for "New Order Come From" and "Order Successfylly Deliver"
const FRAMES: Partial<Record<OrderEventName, FrameKind>> = {
  'order.placed': PLACED,
  'order.confirmed': {
    msgTyp: 'confirmation',
    toast: 'bg-success',
    message: (order) => lines(`New Order Come From ${place(order)}`, items(order)),
  },
  'order.seen': {
    msgTyp: 'order_seen',
    toast: 'bg-success',
    message: (order) => lines(`Order Seen Of ${place(order)}`, items(order)),
  },
  'order.delivered': {
    msgTyp: 'Delivered',
    toast: 'bg-success',
    message: (order) => lines('Order Successfylly Deliver', place(order)),
  },
  'order.cancelled': {
    msgTyp: 'Cancelation',
    toast: 'bg-danger',
    message: (order) => lines('Order Cancelled', place(order)),
  },
  'payment.failed': {
    ...PLACED,
    toast: 'bg-danger',
    message: (order) => lines('Payment Failed', place(order)),
  },
}

const lines = (...parts: string[]) => parts.join('%0A%0A')
const items = ({ items }: OrderRecord) =>
  items.map(({ name, quantity }) => `${quantity} x ${name}`).join(', ')
const place = ({ hallName, seatName }: OrderRecord) => `${hallName} ${seatName}`
// clients split on the bar
const joinSeat = (...names: string[]) => names.map((name) => name.replaceAll('|', '/')).join('|')
const rupees = (paise: number) => paise / 100

/** The whole frame of an event on the legacy wire; null: this event sends none. */
export function viewLegacyFrame(
  name: OrderEventName,
  order: OrderRecord,
  vacant: boolean,
  providerName?: string,
): { updated_table_data: string } | null {
  const kind = FRAMES[name]
  if (!kind) return null
  const inner = {
    msg_typ: kind.msgTyp,
    theatre_id: order.theatreId,
    theatre_name: order.theatreName,
    order_id: order.id,
    seat_id: order.seatId,
    seat_name: joinSeat(order.hallName, order.seatName),
    payment_panding: isPaymentPending(order),
    is_vacent: vacant,
    type: kind.toast,
    message: kind.message(order),
    ...common(order, providerName),
  }
  return { updated_table_data: JSON.stringify(inner) }
}

function common(order: OrderRecord, providerName: string | undefined) {
  return {
    amount: rupees(order.total),
    max_time: order.maxTime,
    min_time: order.minTime,
    payment_method: order.paymentMethod === 'cash' ? 'Cash' : (order.provider ?? providerName ?? 'Online'),
    payment_status: PAYMENT_WORDS[order.paymentStatus],
  }
}

const PAYMENT_WORDS: Record<PaymentStatus, string> = {
  pending: 'Created',
  paid: 'Success',
  failed: 'Failed',
  // these pages know no word for money given back; what matters to them is that nobody has paid
  refunded: 'Failed',
}

function isPaymentPending({ paymentMethod, paymentStatus }: OrderRecord): boolean {
  return paymentMethod === 'online' && (paymentStatus === 'pending' || paymentStatus === 'failed')
}

const SHOWN: ReadonlySet<OrderStatus> = new Set(['seen', 'delivered'])

/**
 * The answer of `live-orders`: an object whose values are the orders. `orders` come oldest first; the key of a seat's
 * latest is the seat's, of an earlier one its own.
 */
export function viewLegacyOrders(
  orders: readonly OrderRecord[],
  providerName?: string,
): Record<string, object> {
  const latest = new Map(orders.map((order) => [order.seatId, order.id]))
  return Object.fromEntries(
    orders.map((order) => [
      latest.get(order.seatId) === order.id ? `seat-id-${order.seatId}` : `order-id-${order.id}`,
      {
        order_id: order.id,
        seat_id: order.seatId,
        seat_name: order.seatName,
        hall_name: order.hallName,
        theatre_id: order.theatreId,
        theatre_name: order.theatreName,
        is_vacent: false,
        is_shown: SHOWN.has(order.status),
        payment_time: formatLegacyTime(order.confirmedAt ?? order.createdAt, order.timeZone, '|'),
        ...common(order, providerName),
      },
    ]),
  )
}
