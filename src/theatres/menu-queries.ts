import type { Database, Transaction } from '../database/client.js'

export interface MenuItemRecord {
  id: number
  name: string
  description: string
  /** paise */
  price: number
  vegetarian: boolean
  available: boolean
}

export const menuItemFields = {
  id: true,
  name: true,
  description: true,
  price: true,
  vegetarian: true,
  available: true,
} as const

/** The theatre's menu, in its order; sold-out items are listed with `available` false. */
export function listMenu(db: Database | Transaction, theatreId: number): Promise<MenuItemRecord[]> {
  return db.menuItem.findMany({
    where: { theatreId, listed: true },
    select: menuItemFields,
    orderBy: [{ position: 'asc' }, { id: 'asc' }],
  })
}
