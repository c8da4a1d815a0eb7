import { Prisma, type Queryable } from '../database/client.js'
import type { OpeningHours } from '../theatres/opening-hours.js'

/** A seat with its hall and theatre. */
export interface SeatRecord {
  id: number
  name: string
  hallName: string
  theatreId: number
  theatreName: string
  hours: OpeningHours
}

const MAX_TOKEN = 100

/** PostgreSQL throws on NUL in text; no seat has such a token. */
export const mayBeToken = (token: string) =>
  token.length > 0 && token.length <= MAX_TOKEN && !token.includes('\0')

const seatColumns = Prisma.sql`
  s.id, s.name, h.name AS "hallName", t.id AS "theatreId", t.name AS "theatreName",
  json_build_object('timeZone', t.time_zone, 'openingHours', t.opening_hours, 'lastOrders', t.last_orders) AS hours`

const seatJoins = Prisma.sql`JOIN halls h ON h.id = s.hall_id JOIN theatres t ON t.id = h.theatre_id`

/** The seat with the token of a QR code; null if there is none. */
export async function findSeat(db: Queryable, token: string): Promise<SeatRecord | null> {
  if (!mayBeToken(token)) return null
  const [seat] = await db.$queryRaw<SeatRecord[]>`
    SELECT ${seatColumns} FROM seats s ${seatJoins} WHERE s.token = ${token} AND s.listed AND h.listed`
  return seat ?? null
}

/**
 * Locks the rows of a session and of the seat with the token until the commit, and returns the seat; null if either does
 * not exist. A concurrent log-out waits, or has already happened.
 */
export async function lockSessionAndSeat(
  tx: Queryable,
  sessionId: string,
  token: string,
): Promise<SeatRecord | null> {
  if (!mayBeToken(token)) return null
  const [seat] = await tx.$queryRaw<SeatRecord[]>`
    SELECT ${seatColumns} FROM sessions x, seats s ${seatJoins}
    WHERE x.id = ${sessionId}::uuid AND s.token = ${token} AND s.listed AND h.listed FOR NO KEY UPDATE OF x, s`
  return seat ?? null
}
