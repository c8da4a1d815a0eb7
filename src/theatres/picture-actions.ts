import type { Transaction } from '../database/client.js'
import { notFound } from '../errors.js'
import { type ActionContext, commit } from '../events/commit.js'
import type { Principal } from '../principal.js'
import { type MenuItemRecord, readMenuItem, requireItemManager } from './menu-queries.js'
import type { EncodedPicture } from './picture-encoder.js'
import { lockTheatre } from './theatre-queries.js'

/** Gives an item a picture, in the place of the one it had. Throws as `requireItemManager` does. */
export function setPicture(
  ctx: ActionContext,
  principal: Principal,
  itemId: number,
  picture: EncodedPicture,
): Promise<MenuItemRecord> {
  return changePicture(ctx, principal, itemId, picture)
}

/** Takes an item's picture away, if it has one. Throws as `requireItemManager` does. */
export function removePicture(
  ctx: ActionContext,
  principal: Principal,
  itemId: number,
): Promise<MenuItemRecord> {
  return changePicture(ctx, principal, itemId, null)
}

function changePicture(
  ctx: ActionContext,
  principal: Principal,
  itemId: number,
  picture: EncodedPicture | null,
): Promise<MenuItemRecord> {
  return commit(ctx, async (tx) => {
    const theatreId = await requireItemManager(tx, principal, itemId)
    await lockTheatre(tx, theatreId)
    if (picture) await storePicture(tx, picture)
    const { count } = await tx.menuItem.updateMany({
      where: { id: itemId, listed: true },
      data: { pictureHash: picture?.sha256 ?? null },
    })
    if (count === 0) throw notFound('menu item')
    return { result: await readMenuItem(tx, itemId), changedTheatres: [theatreId] }
  })
}

/**
 * Stores a picture for an item that the transaction then gives it. Pictures are changed one after the other: a trigger removes
 * those that no item has.
 */
export async function storePicture(
  tx: Transaction,
  { sha256, bytes, width, height }: EncodedPicture,
): Promise<void> {
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtext('houselights pictures'))::text`
  await tx.$executeRaw`
    INSERT INTO pictures (sha256, bytes, width, height) VALUES (${sha256}, ${bytes}, ${width}::int, ${height}::int)
    ON CONFLICT DO NOTHING`
}
