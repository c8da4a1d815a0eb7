import type { MenuItemView, SeatMenuView, TheatreSeatsView } from '../protocol/views.js'
import type { MenuItemRecord, SeatRecord, TheatreSeatsRecord } from './seat-queries.js'

export function viewMenuItem(item: MenuItemRecord): MenuItemView {
  const { id, name, description, price, vegetarian, available } = item
  return { id, name, description, price, vegetarian, available }
}

/** What the page that a seat's QR code opens needs. */
export function viewSeat(seat: SeatRecord, menu: readonly MenuItemRecord[]): SeatMenuView {
  return {
    seat: { id: seat.id, name: seat.name, hall: seat.hallName },
    theatre: { id: seat.theatreId, name: seat.theatreName },
    menu: menu.map(viewMenuItem),
  }
}

/** A theatre's halls and seats with the secrets of their QR codes: for staff only. */
export function viewTheatreSeats({ halls, ...theatre }: TheatreSeatsRecord): TheatreSeatsView {
  return { theatre, halls }
}
