import type { Queryable } from '../database/client.js'

/**
 * A text for each theatre, which differs after each change of what its managers see: menu, settings, halls, seats and staff.
 * Staff count by what is shown of them: a change of theirs must not wait for one of the menu, as it would if it raised the
 * theatre's version.
 */
export async function readManagedVersions(
  db: Queryable,
  theatreIds: readonly number[],
): Promise<Map<number, string>> {
  const rows = await db.$queryRaw<{ id: number; version: string }[]>`
    SELECT t.id, concat(t.version, ' ', (
      SELECT md5(string_agg(concat_ws(' ', u.id, u.username, u.is_active, u.role, st.manager), ',' ORDER BY u.id))
      FROM staff_theatres st JOIN users u ON u.id = st.user_id WHERE st.theatre_id = t.id)) AS version
    FROM theatres t WHERE t.id = ANY(${[...theatreIds]}::int[])`
  return new Map(rows.map(({ id, version }) => [id, version]))
}
