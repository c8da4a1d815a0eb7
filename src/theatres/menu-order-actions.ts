import { requireManagedTheatre } from '../access/theatre-access.js'
import type { Transaction } from '../database/client.js'
import { conflict, notFound } from '../errors.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import type { Principal } from '../principal.js'
import { byCategory, type ItemPlace, moveCategory, moveItem, type Placed } from '../protocol/menu-order.js'
import { tidyLine } from './menu-actions.js'
import { listMenu, type MenuItemRecord, requireItemManager } from './menu-queries.js'
import { lockTheatre } from './theatre-queries.js'

/**
 * Moves an item to another place of its category or of another one. Returns the whole menu. Throws 409 `menu_changed` where
 * the place is no longer there, and as `requireItemManager` does.
 */
export function moveMenuItem(
  ctx: ActionContext,
  principal: Principal,
  itemId: number,
  { category, before }: Partial<ItemPlace> & Pick<ItemPlace, 'before'>,
): Promise<MenuItemRecord[]> {
  return commit(ctx, async (tx) => {
    const theatreId = await requireItemManager(tx, principal, itemId)
    await lockTheatre(tx, theatreId)
    const menu = await listMenu(tx, theatreId)
    const item = menu.find(({ id }) => id === itemId)
    if (!item) throw notFound('menu item')
    const to = category === undefined ? item.category : tidyLine(category, 'category')
    return await writeOrder(tx, theatreId, menu, moveItem(menu, itemId, { category: to, before }))
  })
}

export interface CategoryChange {
  category: string
  name?: string
  /** the category before which it moves; null: to the end */
  before?: string | null
}

/**
 * Renames a category, moves it, or both. Returns the whole menu. Throws `not_found` for a category without items, 409
 * `category_exists` for a name that another one has, 409 `menu_changed`, and as `requireManagedTheatre` does.
 */
export function changeCategory(
  ctx: ActionContext,
  principal: Principal,
  theatreId: number,
  { category, name, before }: CategoryChange,
): Promise<MenuItemRecord[]> {
  const newName = name === undefined ? category : tidyLine(name, 'name')
  return commit(ctx, async (tx) => {
    await requireManagedTheatre(tx, principal, theatreId)
    await lockTheatre(tx, theatreId)
    const menu = await listMenu(tx, theatreId)
    const categories = byCategory(menu)
    if (!categories.has(category)) throw notFound('category')
    if (newName !== category && categories.has(newName)) throw categoryExists()
    const moved =
      before === undefined ? [...categories.values()].flat() : moveCategory(menu, category, before)
    const order = moved?.map((item) => (item.category === category ? { ...item, category: newName } : item))
    return await writeOrder(tx, theatreId, menu, order ?? null)
  })
}

const categoryExists = () =>
  conflict('category_exists', 'The menu already has a category with this name: move the items there.')

/** Writes what differs, in one statement. */
async function writeOrder(
  tx: Transaction,
  theatreId: number,
  menu: readonly Placed[],
  order: readonly Placed[] | null,
): Promise<Outcome<MenuItemRecord[]>> {
  if (!order) throw conflict('menu_changed', 'The menu has just been changed: look at it again.')
  const before = new Map(menu.map((item) => [item.id, item]))
  const changed = order.filter(({ id, category, position }) => {
    const item = before.get(id)
    return item?.category !== category || item.position !== position
  })
  if (changed.length === 0) return { result: await listMenu(tx, theatreId) }
  const [ids, positions] = [changed.map(({ id }) => id), changed.map(({ position }) => position)]
  const categories = changed.map(({ category }) => category)
  await tx.$executeRaw`
    UPDATE menu_items m SET position = x.position, category = x.category
    FROM unnest(${ids}::int[], ${positions}::int[], ${categories}::text[]) AS x (id, position, category)
    WHERE m.id = x.id`
  return { result: await listMenu(tx, theatreId), changedTheatres: [theatreId] }
}
