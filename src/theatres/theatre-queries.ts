import type { Database, Transaction } from '../database/client.js'

export interface TheatreSeatsRecord {
  id: number
  name: string
  timeZone: string
  maxTime: number
  minTime: number
  halls: { id: number; name: string; seats: { id: number; name: string; token: string }[] }[]
}

/** The theatre with its halls, its seats and their secret tokens; for its staff only. */
export function findTheatreSeats(db: Database, theatreId: number): Promise<TheatreSeatsRecord | null> {
  return db.theatre.findUnique({
    where: { id: theatreId },
    select: {
      id: true,
      name: true,
      timeZone: true,
      maxTime: true,
      minTime: true,
      halls: {
        select: {
          id: true,
          name: true,
          seats: {
            where: { listed: true },
            select: { id: true, name: true, token: true },
            orderBy: { id: 'asc' },
          },
        },
        where: { listed: true },
        orderBy: { id: 'asc' },
      },
    },
  })
}

/**
 * Changes of one theatre's menu, halls and settings happen one after the other. Before items, halls or seats are locked: each
 * change of theirs raises the theatre's version, so the other order would deadlock.
 */
export async function lockTheatre(tx: Transaction, theatreId: number): Promise<void> {
  await tx.$queryRaw`SELECT id FROM theatres WHERE id = ${theatreId}::int FOR NO KEY UPDATE`
}
