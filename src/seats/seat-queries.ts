import type { Database, Transaction } from '../database/client.js'

/** A seat, the hall it is in and the theatre it belongs to. */
export interface SeatRecord {
  id: number
  name: string
  hallName: string
  theatreId: number
  theatreName: string
}

const MAX_TOKEN = 100

/** The seat of a QR code's token; null when there is none. */
export async function findSeat(db: Database | Transaction, token: string): Promise<SeatRecord | null> {
  // PostgreSQL throws on NUL in a text: such a token is nobody's
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
