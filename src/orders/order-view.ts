import type { OrderView } from '../protocol/views.js'
import type { OrderRecord } from './order-record.js'

/** The order as customers and staff get it: nothing of who ordered or who serves. */
export function viewOrder(order: OrderRecord): OrderView {
  return {
    id: order.id,
    theatreId: order.theatreId,
    theatreName: order.theatreName,
    seat: { id: order.seatId, name: order.seatName, hall: order.hallName },
    status: order.status,
    paymentStatus: order.paymentStatus,
    paymentMethod: order.paymentMethod,
    items: order.items.map(({ menuItemId, name, quantity, unitPrice }) => ({
      menuItemId,
      name,
      quantity,
      unitPrice,
    })),
    total: order.total,
    createdAt: order.createdAt.toISOString(),
    confirmedAt: instant(order.confirmedAt),
    seenAt: instant(order.seenAt),
    deliveredAt: instant(order.deliveredAt),
    cancelledAt: instant(order.cancelledAt),
  }
}

const instant = (date: Date | null) => date?.toISOString() ?? null
