import { requireManager } from '../access/theatre-access.js'
import { type Database, Prisma, type Queryable, type Transaction } from '../database/client.js'
import { notFound } from '../errors.js'
import type { Principal } from '../principal.js'
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
  /** null: none */
  picture: { sha256: string; width: number; height: number } | null
}

/** Whether row `m` of `menu_items` can be ordered just now. */
export const isOnSale = Prisma.sql`(m.available OR coalesce(m.sold_out_until <= now(), false))`

const menuColumns = Prisma.sql`
  SELECT m.id, m.theatre_id AS "theatreId", m.name, m.description, m.category, m.price, m.diet::text AS diet,
    ${isOnSale} AS available, CASE WHEN ${isOnSale} THEN NULL ELSE m.sold_out_until END AS "soldOutUntil",
    m.options, m.position, CASE WHEN p.sha256 IS NOT NULL THEN
      json_build_object('sha256', p.sha256, 'width', p.width, 'height', p.height) END AS picture
  FROM menu_items m LEFT JOIN pictures p ON p.sha256 = m.picture`

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

/**
 * The theatre of an item about which the principal decides. Throws `not_found` for an item of another theatre, as for a
 * missing one, and `forbidden` for plain staff.
 */
export async function requireItemManager(
  db: Database | Transaction,
  principal: Principal,
  itemId: number,
): Promise<number> {
  const item = await db.menuItem.findFirst({
    where: { id: itemId, listed: true },
    select: { theatreId: true },
  })
  requireManager(principal, item?.theatreId ?? null, 'menu item')
  if (!item) throw notFound('menu item')
  return item.theatreId
}
