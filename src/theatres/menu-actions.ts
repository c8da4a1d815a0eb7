import { notFound } from '../errors.js'
import { type ActionContext, commit } from '../events/commit.js'
import type { Principal } from '../principal.js'
import { type MenuItemRecord, menuItemFields } from '../seats/seat-queries.js'

/**
 * Says whether an item can be had just now. Throws `not_found` for an item of another theatre, as for none: the
 * theatre is part of the condition.
 */
export async function setAvailable(
  ctx: ActionContext,
  principal: Principal,
  menuItemId: number,
  available: boolean,
): Promise<MenuItemRecord> {
  if (principal.role === 'customer') throw notFound('menu item')
  const own = principal.role === 'admin' ? {} : { theatreId: { in: principal.theatres.map(({ id }) => id) } }
  return await commit(ctx, async (tx) => {
    const [item] = await tx.menuItem.updateManyAndReturn({
      where: { id: menuItemId, listed: true, ...own },
      data: { available },
      select: menuItemFields,
    })
    if (!item) throw notFound('menu item')
    return { result: item }
  })
}
