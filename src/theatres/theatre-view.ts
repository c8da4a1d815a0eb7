import type { ManagedItemView, MenuItemView, OrderingView, TheatreSeatsView } from '../protocol/views.js'
import type { MenuItemRecord } from './menu-queries.js'
import type { OrderingRecord } from './ordering-queries.js'
import type { TheatreSeatsRecord } from './theatre-queries.js'

export function viewMenuItem(item: MenuItemRecord): MenuItemView {
  const { id, name, description, category, price, diet, available, picture, options } = item
  return {
    id,
    name,
    description,
    category,
    price,
    diet,
    available,
    picture: picture && `/media/${picture.sha256}.webp`,
    options: viewOptions(options),
  }
}

/** JSONB does not keep the order of members. */
const viewOptions = (options: MenuItemRecord['options']): MenuItemRecord['options'] =>
  options.map(({ name, min, max, choices }) => ({
    name,
    min,
    max,
    choices: choices.map((choice) => ({ name: choice.name, price: choice.price })),
  }))

/** An item as the theatre's people see it. */
export function viewManagedItem(item: MenuItemRecord): ManagedItemView {
  const { position, picture, soldOutUntil } = item
  return {
    ...viewMenuItem(item),
    pictureSize: picture && { width: picture.width, height: picture.height },
    position,
    soldOutUntil: soldOutUntil?.toISOString() ?? null,
  }
}

export function viewOrdering({
  id,
  name,
  timeZone,
  accepting,
  reopensAt,
  minutes,
}: OrderingRecord): OrderingView {
  return { id, name, timeZone, accepting, reopensAt: reopensAt?.toISOString() ?? null, minutes }
}

/** A theatre's halls and seats with the secret tokens of their QR codes: for its staff only. */
export function viewTheatreSeats(
  { halls, ...theatre }: TheatreSeatsRecord,
  publicUrl: string | null,
): TheatreSeatsView {
  return { theatre, halls, publicUrl }
}
