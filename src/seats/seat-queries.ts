import type { Database, Transaction } from '../database/client.js'

/** A seat with its hall and theatre. */
export interface SeatRecord {
  id: number
  name: string
  hallName: string
  theatreId: number
  theatreName: string
}

const MAX_TOKEN = 100

/** The seat with the token of a QR code; null if there is none. */
export async function findSeat(db: Database | Transaction, token: string): Promise<SeatRecord | null> {
  // PostgreSQL throws on NUL in text; no seat has such a token
  if (token.length === 0 || token.length > MAX_TOKEN || token.includes('\0')) return null
  const seat = await db.seat.findUnique({
    where: { token },
    select: {
      id: true,
      name: true,
      hall: { select: { name: true, theatre: { select: { id: true, name: true } } } },
    },
  })
  if (!seat) return null
  const { hall } = seat
  return {
    id: seat.id,
    name: seat.name,
    hallName: hall.name,
    theatreId: hall.theatre.id,
    theatreName: hall.theatre.name,
  }
}
