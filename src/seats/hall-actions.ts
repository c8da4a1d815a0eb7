import { requireManagedTheatre, requireManager } from '../access/theatre-access.js'
import { type Database, Prisma, type Queryable, type Transaction } from '../database/client.js'
import { conflict, invalid, notFound } from '../errors.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import type { Principal } from '../principal.js'
import type { HallView } from '../protocol/views.js'
import { MAX_HALLS, MAX_SEAT_NAME, MAX_SEATS } from '../theatres/hall-limits.js'
import { newToken } from '../theatres/seat-token.js'
import { checkName } from '../theatres/settings-actions.js'
import { lockTheatre } from '../theatres/theatre-queries.js'

/** Seats to add: single ones by name, and numbered ones by row. */
export interface NewSeats {
  seats?: readonly string[]
  rows?: readonly { name: string; from?: number; seats: number }[]
}

export interface HallChange extends NewSeats {
  name?: string
  /** ids of seats to remove */
  removeSeats?: readonly number[]
}

/** ms for the transaction: a hall may have thousands of seats */
const TIMEOUT_MS = 60_000

/** A theatre's halls, with the secret tokens of their seats. Throws as `requireManagedTheatre` does. */
export async function listHalls(db: Database, principal: Principal, theatreId: number): Promise<HallView[]> {
  await requireManagedTheatre(db, principal, theatreId)
  return await findHalls(db, theatreId)
}

/** The same for a caller whose right to it is known. */
export const findHalls = (db: Queryable, theatreId: number): Promise<HallView[]> =>
  readHalls(db, Prisma.sql`h.theatre_id = ${theatreId}::int`)

function readHalls(db: Queryable, where: Prisma.Sql): Promise<HallView[]> {
  return db.$queryRaw<HallView[]>`
    SELECT h.id, h.name, (
      SELECT coalesce(json_agg(json_build_object('id', s.id, 'name', s.name, 'token', s.token) ORDER BY s.id), '[]')
      FROM seats s WHERE s.hall_id = h.id AND s.listed) AS seats
    FROM halls h WHERE h.listed AND ${where} ORDER BY h.id`
}

async function readHall(tx: Transaction, hallId: number): Promise<HallView> {
  const [hall] = await readHalls(tx, Prisma.sql`h.id = ${hallId}::int`)
  if (!hall) throw new Error(`hall ${hallId} is missing in its own transaction`)
  return hall
}

/** Adds a hall. Throws `validation_failed`, 409 `name_taken`, and as `requireManagedTheatre` does. */
export function addHall(
  ctx: ActionContext,
  principal: Principal,
  theatreId: number,
  given: NewSeats & { name: string },
): Promise<HallView> {
  const name = checkName(given.name)
  const seats = namesOf(given)
  const work = async (tx: Transaction): Promise<Outcome<HallView>> => {
    await requireManagedTheatre(tx, principal, theatreId)
    await lockTheatre(tx, theatreId)
    const count = await tx.hall.count({ where: { theatreId, listed: true } })
    if (count >= MAX_HALLS) throw conflict('too_many_halls', `A theatre has at most ${MAX_HALLS} halls.`)
    const [hall] = await tx.$queryRaw<{ id: number }[]>`
      INSERT INTO halls (theatre_id, name) VALUES (${theatreId}::int, ${name}) ON CONFLICT DO NOTHING RETURNING id`
    if (!hall) throw hallNameTaken()
    await addSeats(tx, hall.id, seats)
    return { result: await readHall(tx, hall.id), changedTheatres: [theatreId] }
  }
  return commit(ctx, work, { timeoutMs: TIMEOUT_MS })
}

/**
 * Renames a hall, removes seats and adds others. Throws `validation_failed`, `not_found` for a hall of another theatre, as for a
 * missing one, `forbidden` for plain staff, and 409 `name_taken`, `seat_in_use`.
 */
export function changeHall(
  ctx: ActionContext,
  principal: Principal,
  hallId: number,
  change: HallChange,
): Promise<HallView> {
  const name = change.name === undefined ? null : checkName(change.name)
  const added = namesOf(change)
  const work = async (tx: Transaction): Promise<Outcome<HallView>> => {
    const theatreId = await lockHall(tx, principal, hallId)
    if (name !== null) await renameHall(tx, theatreId, hallId, name)
    if (change.removeSeats) await removeSeats(tx, hallId, change.removeSeats)
    await addSeats(tx, hallId, added)
    return { result: await readHall(tx, hallId), changedTheatres: [theatreId] }
  }
  return commit(ctx, work, { timeoutMs: TIMEOUT_MS })
}

/** Removes a hall with its seats, whose codes then open nothing; past orders keep their seats. Throws as `changeHall` does. */
export function removeHall(ctx: ActionContext, principal: Principal, hallId: number): Promise<void> {
  const work = async (tx: Transaction): Promise<Outcome<void>> => {
    const theatreId = await lockHall(tx, principal, hallId)
    const seats = await tx.seat.findMany({ where: { hallId, listed: true }, select: { id: true } })
    await removeSeats(
      tx,
      hallId,
      seats.map(({ id }) => id),
    )
    await tx.$executeRaw`UPDATE halls SET listed = false WHERE id = ${hallId}::int`
    return { result: undefined, changedTheatres: [theatreId] }
  }
  return commit(ctx, work, { timeoutMs: TIMEOUT_MS })
}

/**
 * Gives a seat a new code: the printed one opens nothing from the commit on. Throws `not_found` for a seat of another theatre, as
 * for a missing one, and `forbidden` for plain staff.
 */
export function renewSeat(
  ctx: ActionContext,
  principal: Principal,
  seatId: number,
): Promise<HallView['seats'][number]> {
  return commit(ctx, async (tx) => {
    const [found] = await tx.$queryRaw<{ theatreId: number }[]>`
      SELECT h.theatre_id AS "theatreId" FROM seats s JOIN halls h ON h.id = s.hall_id
      WHERE s.id = ${seatId}::int AND s.listed`
    requireManager(principal, found?.theatreId ?? null, 'seat')
    if (!found) throw notFound('seat')
    await lockTheatre(tx, found.theatreId)
    const token = newToken()
    const [seat] = await tx.$queryRaw<{ name: string }[]>`
      UPDATE seats SET token = ${token} WHERE id = ${seatId}::int AND listed RETURNING name`
    if (!seat) throw notFound('seat')
    return { result: { id: seatId, name: seat.name, token }, changedTheatres: [found.theatreId] }
  })
}

const hallNameTaken = () => conflict('name_taken', 'The theatre already has a hall with this name.')

/** The names of seats to add. Throws `validation_failed` for one that is not allowed or is given twice. */
function namesOf({ seats = [], rows = [] }: NewSeats): string[] {
  const names = [
    ...seats,
    ...rows.flatMap(({ name, from = 1, seats }) =>
      Array.from({ length: seats }, (_, index) => `${name.trim()}${from + index}`),
    ),
  ].map((name) => checkName(name, 'seats', MAX_SEAT_NAME))
  if (names.length > MAX_SEATS) throw invalid('seats', `a hall has at most ${MAX_SEATS} seats`)
  if (new Set(names).size < names.length) throw invalid('seats', 'must each be given once')
  return names
}

/**
 * Locks a hall that the principal manages, after its theatre, which every change of seats raises the version of; returns the
 * theatre.
 */
async function lockHall(tx: Transaction, principal: Principal, hallId: number): Promise<number> {
  const [found] = await tx.$queryRaw<{ theatreId: number }[]>`
    SELECT theatre_id AS "theatreId" FROM halls WHERE id = ${hallId}::int AND listed`
  requireManager(principal, found?.theatreId ?? null, 'hall')
  if (!found) throw notFound('hall')
  await lockTheatre(tx, found.theatreId)
  const locked = await tx.$queryRaw<unknown[]>`
    SELECT id FROM halls WHERE id = ${hallId}::int AND listed FOR NO KEY UPDATE`
  if (locked.length === 0) throw notFound('hall')
  return found.theatreId
}

async function renameHall(tx: Transaction, theatreId: number, hallId: number, name: string): Promise<void> {
  const other = await tx.hall.count({ where: { theatreId, name, listed: true, id: { not: hallId } } })
  if (other > 0) throw hallNameTaken()
  await tx.$executeRaw`UPDATE halls SET name = ${name} WHERE id = ${hallId}::int`
}

async function addSeats(tx: Transaction, hallId: number, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const existing = await tx.seat.count({ where: { hallId, listed: true } })
  if (existing + names.length > MAX_SEATS) throw invalid('seats', `a hall has at most ${MAX_SEATS} seats`)
  const data = names.map((name) => ({ hallId, name, token: newToken() }))
  const { count } = await tx.seat.createMany({ data, skipDuplicates: true })
  if (count < names.length)
    throw conflict('name_taken', 'The hall already has a seat with one of these names.')
}

/** Locks the seats first: an order that is being placed at one of them is waited for, and a later one finds no seat. */
async function removeSeats(tx: Transaction, hallId: number, ids: readonly number[]): Promise<void> {
  const locked = await tx.$queryRaw<{ id: number }[]>`
    SELECT id FROM seats WHERE hall_id = ${hallId}::int AND id = ANY(${[...ids]}::int[]) AND listed
    ORDER BY id FOR NO KEY UPDATE`
  if (locked.length < new Set(ids).size) throw invalid('removeSeats', 'must be ids of seats of the hall')
  const [busy] = await tx.$queryRaw<{ name: string }[]>`
    SELECT s.name FROM orders o JOIN seats s ON s.id = o.seat_id
    WHERE o.seat_id = ANY(${[...ids]}::int[]) AND o.status IN ('placed', 'confirmed', 'seen') LIMIT 1`
  if (busy) throw conflict('seat_in_use', `Seat ${busy.name} has an order: deliver or cancel it first.`)
  // a token that nobody has: the printed one is free, and opens nothing
  await tx.$executeRaw`
    UPDATE seats SET listed = false, token = 'removed ' || gen_random_uuid() WHERE id = ANY(${[...ids]}::int[])`
}
