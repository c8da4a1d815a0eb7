import { Prisma, type Queryable } from '../database/client.js'
import type { Diet, MenuOptionView } from '../protocol/views.js'

export interface MenuItemRecord {
  id: number
  theatreId: number
  name: string
  description: string
  category: string
  /** paise */
  price: number
  diet: Diet | null
  /** just now: an item that was sold out until some time is available again from then on */
  available: boolean
  /** null: available, or sold out until staff say otherwise */
  soldOutUntil: Date | null
  options: MenuOptionView[]
  position: number
}

/** Whether row `m` of `menu_items` can be ordered just now. */
export const isOnSale = Prisma.sql`(m.available OR coalesce(m.sold_out_until <= now(), false))`

const menuColumns = Prisma.sql`
  SELECT m.id, m.theatre_id AS "theatreId", m.name, m.description, m.category, m.price, m.diet::text AS diet,
    ${isOnSale} AS available, CASE WHEN ${isOnSale} THEN NULL ELSE m.sold_out_until END AS "soldOutUntil",
    m.options, m.position
  FROM menu_items m`

/** The theatre's menu, in its order; sold-out items are listed with `available` false. */
export function listMenu(db: Queryable, theatreId: number): Promise<MenuItemRecord[]> {
  return db.$queryRaw<MenuItemRecord[]>`
    ${menuColumns} WHERE m.theatre_id = ${theatreId}::int AND m.listed ORDER BY m.position, m.id`
}

/** An item that the caller knows to exist. */
export async function readMenuItem(tx: Queryable, id: number): Promise<MenuItemRecord> {
  const [item] = await tx.$queryRaw<MenuItemRecord[]>`${menuColumns} WHERE m.id = ${id}::int`
  if (!item) throw new Error(`menu item ${id} is missing in its own transaction`)
  return item
}
