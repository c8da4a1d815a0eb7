import type { MenuItemRecord, SeatRecord, TheatreSeatsRecord } from './seat-queries.js'

/** One item of the menu; `price` in paise. */
export interface MenuItemView {
  id: number
  name: string
  description: string
  price: number
  vegetarian: boolean
  available: boolean
}

export interface SeatView {
  seat: { id: number; name: string; hall: string }
  theatre: { id: number; name: string }
  menu: MenuItemView[]
}

export function viewMenuItem(item: MenuItemRecord): MenuItemView {
  const { id, name, description, price, vegetarian, available } = item
  return { id, name, description, price, vegetarian, available }
}

/** What the page that a seat's QR code opens needs. */
export function viewSeat(seat: SeatRecord, menu: readonly MenuItemRecord[]): SeatView {
  return {
    seat: { id: seat.id, name: seat.name, hall: seat.hallName },
    theatre: { id: seat.theatreId, name: seat.theatreName },
    menu: menu.map(viewMenuItem),
  }
}

export interface TheatreSeatsView {
  theatre: { id: number; name: string; timeZone: string; maxTime: number; minTime: number }
  halls: { id: number; name: string; seats: { id: number; name: string; token: string }[] }[]
}

/** A theatre's halls and seats with the secrets of their QR codes: for staff only. */
export function viewTheatreSeats({ halls, ...theatre }: TheatreSeatsRecord): TheatreSeatsView {
  return { theatre, halls }
}
