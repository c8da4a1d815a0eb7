import type { Queryable } from '../database/client.js'
import type { MenuStateView } from '../protocol/views.js'
import { isOnSale, listMenu } from './menu-queries.js'
import { isAccepting, readOrdering } from './ordering-queries.js'
import { viewMenuItem, viewOrdering } from './theatre-view.js'

interface MenuHead {
  version: number
  /** ms until a pause ends or an item is available again; null: nothing does by itself */
  changesInMs: number | null
  liveTokens: string[]
}

/**
 * What open pages of a theatre's seats show, as JSON text, with the theatre's version as of before and those of `tokens`
 * that open one of its seats. Rejects for a theatre that does not exist.
 */
export async function readMenuState(db: Queryable, theatreId: number, tokens: readonly string[]) {
  const [head] = await db.$queryRaw<MenuHead[]>`
    SELECT t.version,
      ceil(extract(epoch FROM least(
        CASE WHEN NOT ${isAccepting} THEN t.reopens_at END,
        (SELECT min(m.sold_out_until) FROM menu_items m
          WHERE m.theatre_id = t.id AND m.listed AND NOT ${isOnSale})) - now()) * 1000)::float8 AS "changesInMs",
      ARRAY(SELECT s.token FROM seats s JOIN halls h ON h.id = s.hall_id
        WHERE h.theatre_id = t.id AND s.listed AND h.listed AND s.token = ANY(${[...tokens]}::text[])) AS "liveTokens"
    FROM theatres t WHERE t.id = ${theatreId}::int`
  // after the version: a change in between shows in the next one
  const [ordering, menu] = await Promise.all([readOrdering(db, theatreId), listMenu(db, theatreId)])
  if (!head || !ordering) throw new Error(`theatre ${theatreId} does not exist`)
  const state: MenuStateView = { theatre: viewOrdering(ordering), menu: menu.map(viewMenuItem) }
  const opens = ordering.changesAt === null ? null : ordering.changesAt.getTime() - Date.now()
  const changes = [head.changesInMs, opens].filter((ms) => ms !== null)
  return {
    ...head,
    data: JSON.stringify(state),
    changesInMs: changes.length > 0 ? Math.min(...changes) : null,
    liveTokens: new Set(head.liveTokens),
  }
}

/** The theatres' versions: every change of what `readMenuState` reads raises one. */
export async function readVersions(
  db: Queryable,
  theatreIds: readonly number[],
): Promise<Map<number, number>> {
  const rows = await db.$queryRaw<{ id: number; version: number }[]>`
    SELECT id, version FROM theatres WHERE id = ANY(${[...theatreIds]}::int[])`
  return new Map(rows.map(({ id, version }) => [id, version]))
}
