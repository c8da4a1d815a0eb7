// @ts-check
import { createHash } from 'node:crypto'

/** Reads a session with its user and theatres, which any service of this kind needs. */
const SESSION = `SELECT u.id, u.role, array_agg(st.theatre_id) AS theatres
  FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN staff_theatres st ON st.user_id = u.id
  WHERE s.token_hash = $1 AND u.is_active AND s.absolute_ends_at > now() GROUP BY u.id`

/**
 * The session of a token, in one query; undefined when there is none.
 *
 * @param {import('pg').Pool} pool
 * @param {string} token
 * @returns {Promise<{ id: number, role: string, theatres: number[] } | undefined>}
 */
export async function readSession(pool, token) {
  const hash = createHash('sha256').update(token).digest()
  const { rows } = await pool.query({ name: 'session', text: SESSION, values: [hash] })
  return rows[0]
}
