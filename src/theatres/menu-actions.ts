import { managedTheatres } from '../access/theatre-access.js'
import { notFound } from '../errors.js'
import { type ActionContext, commit } from '../events/commit.js'
import type { Principal } from '../principal.js'
import { type MenuItemRecord, menuItemFields } from './menu-queries.js'

/**
 * Marks an item as available or sold out. Throws `not_found` for an item of another theatre, as for a missing one: the
 * theatre is part of the condition.
 */
export async function setAvailable(
  ctx: ActionContext,
  principal: Principal,
  menuItemId: number,
  available: boolean,
): Promise<MenuItemRecord> {
  return await commit(ctx, async (tx) => {
    const [item] = await tx.menuItem.updateManyAndReturn({
      where: { id: menuItemId, listed: true, ...managedTheatres(principal) },
      data: { available },
      select: menuItemFields,
    })
    if (!item) throw notFound('menu item')
    return { result: item }
  })
}
