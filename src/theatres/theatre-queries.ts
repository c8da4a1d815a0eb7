import type { Database, Transaction } from '../database/client.js'
import { invalid } from '../errors.js'

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

/**
 * Throws `validation_failed` for a time zone that the database does not know, as Node may be newer: days could not be told, and
 * no bill be numbered.
 */
export async function requireKnownTimeZone(tx: Transaction, timeZone: string): Promise<void> {
  const known = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM pg_timezone_names WHERE lower(name) = lower(${timeZone}) LIMIT 1`
  if (known.length === 0) throw invalid('timeZone', 'must be a time zone that the database knows')
}
