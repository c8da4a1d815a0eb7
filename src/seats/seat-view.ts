import type { SeatMenuView } from '../protocol/views.js'
import type { MenuItemRecord } from '../theatres/menu-queries.js'
import type { OrderingRecord } from '../theatres/ordering-queries.js'
import { viewMenuItem, viewOrdering } from '../theatres/theatre-view.js'
import type { SeatRecord } from './seat-queries.js'

/** What the page behind a seat's QR code shows. */
export function viewSeat(
  seat: SeatRecord,
  ordering: OrderingRecord,
  menu: readonly MenuItemRecord[],
): SeatMenuView {
  return {
    seat: { id: seat.id, name: seat.name, hall: seat.hallName },
    theatre: viewOrdering(ordering),
    menu: menu.map(viewMenuItem),
  }
}
