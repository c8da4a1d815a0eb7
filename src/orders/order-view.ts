import type { OrderView } from '../protocol/views.js'
import type { OrderRecord } from './order-record.js'

/** An order as customers and staff get it: without its customer's or any staff member's identity. */
export function viewOrder(order: OrderRecord): OrderView {
  return {
    id: order.id,
    theatreId: order.theatreId,
    theatreName: order.theatreName,
    timeZone: order.timeZone,
    seat: { id: order.seatId, name: order.seatName, hall: order.hallName },
    status: order.status,
    paymentStatus: order.paymentStatus,
    paymentMethod: order.paymentMethod,
    items: order.items.map(({ menuItemId, name, options, quantity, unitPrice }) => ({
      menuItemId,
      name,
      options: options.map(({ group, choice, price }) => ({ group, choice, price })),
      quantity,
      unitPrice,
    })),
    note: order.note,
    total: order.total,
    refundedAmount: order.refundedAmount,
    dueBack: order.dueBack,
    createdAt: order.createdAt.toISOString(),
    confirmedAt: toTime(order.confirmedAt),
    seenAt: toTime(order.seenAt),
    deliveredAt: toTime(order.deliveredAt),
    cancelledAt: toTime(order.cancelledAt),
    version: order.version,
  }
}

const toTime = (date: Date | null) => date?.toISOString() ?? null
