import type { MenuItemView, TheatreSeatsView } from '../protocol/views.js'
import type { MenuItemRecord } from './menu-queries.js'
import type { TheatreSeatsRecord } from './theatre-queries.js'

export function viewMenuItem(item: MenuItemRecord): MenuItemView {
  const { id, name, description, price, vegetarian, available } = item
  return { id, name, description, price, vegetarian, available }
}

/** A theatre's halls and seats with the secret tokens of their QR codes: for its staff only. */
export function viewTheatreSeats(
  { halls, ...theatre }: TheatreSeatsRecord,
  publicUrl: string | null,
): TheatreSeatsView {
  return { theatre, halls, publicUrl }
}
