import type { SeatMenuView } from '../protocol/views.js'
import type { MenuItemRecord } from '../theatres/menu-queries.js'
import { viewMenuItem } from '../theatres/theatre-view.js'
import type { SeatRecord } from './seat-queries.js'

/** What the page behind a seat's QR code shows. */
export function viewSeat(seat: SeatRecord, menu: readonly MenuItemRecord[]): SeatMenuView {
  return {
    seat: { id: seat.id, name: seat.name, hall: seat.hallName },
    theatre: { id: seat.theatreId, name: seat.theatreName },
    menu: menu.map(viewMenuItem),
  }
}
