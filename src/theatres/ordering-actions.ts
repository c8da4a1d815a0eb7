import { requireTheatre } from '../access/theatre-access.js'
import type { Transaction } from '../database/client.js'
import { notFound } from '../errors.js'
import { type ActionContext, commit } from '../events/commit.js'
import type { Principal } from '../principal.js'
import { type OrderingRecord, readOrdering } from './ordering-queries.js'

/**
 * Pauses ordering, for some minutes or until `resumeOrdering`; running orders go on. Throws as `requireTheatre` does.
 */
export function pauseOrdering(
  ctx: ActionContext,
  principal: Principal,
  theatreId: number,
  minutes: number | null,
): Promise<OrderingRecord> {
  return setOrdering(ctx, principal, theatreId, async (tx) => {
    await tx.$executeRaw`
      UPDATE theatres SET paused = true, reopens_at = now() + make_interval(mins => ${minutes}::int)
      WHERE id = ${theatreId}::int`
  })
}

/** Ends a pause, if there is one. Throws as `requireTheatre` does. */
export function resumeOrdering(
  ctx: ActionContext,
  principal: Principal,
  theatreId: number,
): Promise<OrderingRecord> {
  return setOrdering(ctx, principal, theatreId, async (tx) => {
    await tx.theatre.update({ where: { id: theatreId }, data: { paused: false, reopensAt: null } })
  })
}

function setOrdering(
  ctx: ActionContext,
  principal: Principal,
  theatreId: number,
  change: (tx: Transaction) => Promise<void>,
): Promise<OrderingRecord> {
  return commit(ctx, async (tx) => {
    await requireTheatre(tx, principal, theatreId)
    await change(tx)
    const ordering = await readOrdering(tx, theatreId)
    if (!ordering) throw notFound('theatre')
    return { result: ordering, changedTheatres: [theatreId] }
  })
}
