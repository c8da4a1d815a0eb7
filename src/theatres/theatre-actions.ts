import { isDeepStrictEqual } from 'node:util'
import type { Database, Transaction } from '../database/client.js'
import { conflict } from '../errors.js'
import { type ActionContext, commit } from '../events/commit.js'
import type { NewAccessChange } from '../events/event-log.js'
import { newToken } from './seat-token.js'
import {
  checkSettings,
  DEFAULT_SETTINGS,
  refuseTakenName,
  type Settings,
  type SettingsChange,
} from './settings-actions.js'
import type { HallEntry, MenuEntry, TheatreFile } from './theatre-file.js'
import { lockTheatre, requireKnownTimeZone } from './theatre-queries.js'

export interface AppliedTheatre {
  id: number
  /** rows created or changed; 0: the database already matched the file */
  changes: number
  /** all seats of the theatre, including those that the file does not mention, which stay as they are */
  seats: SeatLink[]
}

export interface SeatLink {
  hall: string
  seat: string
  token: string
}

/** ms for the transaction: a theatre may have thousands of seats */
const TIMEOUT_MS = 60_000

/**
 * Creates or updates the theatre of the file's name in one transaction; applying the same file again changes nothing.
 * Seats keep their tokens unless the file gives new ones. Menu items that the file does not mention are taken off the
 * menu. Throws 409 `token_taken` when a token belongs to another seat.
 */
export function applyTheatre(ctx: ActionContext, file: TheatreFile): Promise<AppliedTheatre> {
  return commit(
    ctx,
    async (tx) => {
      const known = await tx.theatre.count({ where: { name: file.name } })
      const result = await writeTheatre(tx, file)
      const changes = known > 0 ? [] : await changesOfAdmins(tx)
      return { result, accessChanges: changes, changedTheatres: result.changes > 0 ? [result.id] : [] }
    },
    { timeoutMs: TIMEOUT_MS },
  )
}

/** Names of the items that `applyTheatre` would take off the menu. */
export async function findLeaving(db: Database, { name, menu }: TheatreFile): Promise<string[]> {
  const leaving = await db.menuItem.findMany({
    where: { theatre: { name }, listed: true, name: { notIn: namesOf(menu) } },
    orderBy: { position: 'asc' },
    select: { name: true },
  })
  return namesOf(leaving)
}

class Preview extends Error {
  constructor(readonly applied: AppliedTheatre) {
    super('rolled back')
  }
}

/** What `applyTheatre` would do; changes nothing. New seats have other tokens each time. Throws as it does. */
export async function previewTheatre(db: Database, file: TheatreFile): Promise<AppliedTheatre> {
  try {
    return await db.$transaction(
      async (tx) => {
        throw new Preview(await writeTheatre(tx, file))
      },
      { timeout: TIMEOUT_MS },
    )
  } catch (error) {
    if (error instanceof Preview) return error.applied
    throw error
  }
}

/** minutes that a new theatre gets unless they are given */
const DEFAULT_TIMES = { maxTime: 30, minTime: 10 }

/** A new theatre without halls and menu. Throws `validation_failed`, and 409 `name_taken`. */
export function addTheatre(
  ctx: ActionContext,
  given: SettingsChange & Pick<Settings, 'name' | 'timeZone'>,
): Promise<Settings> {
  return commit(ctx, async (tx) => {
    const { maxTime } = { ...DEFAULT_TIMES, ...given }
    const defaults = { ...DEFAULT_SETTINGS, maxTime, minTime: Math.min(DEFAULT_TIMES.minTime, maxTime) }
    const { id: _, openingHours, ...data } = checkSettings({ ...defaults, ...given })
    await refuseTakenName(tx, data.name)
    await requireKnownTimeZone(tx, data.timeZone)
    const { id } = await tx.theatre.create({
      data: { ...data, ...(openingHours && { openingHours: openingHours.map((span) => ({ ...span })) }) },
      select: { id: true },
    })
    return { result: { ...data, openingHours, id }, accessChanges: await changesOfAdmins(tx) }
  })
}

/** Admins gain access to a new theatre, so their open sockets must reconnect to subscribe to it. */
async function changesOfAdmins(tx: Transaction): Promise<NewAccessChange[]> {
  const admins = await tx.user.findMany({ where: { role: 'admin', isActive: true }, select: { id: true } })
  return admins.map(({ id }) => ({ kind: 'user_changed', userId: id, sessionId: null }))
}

/** The same in the caller's transaction. A new theatre gets the given `id`, if any. */
export async function writeTheatre(tx: Transaction, file: TheatreFile, id?: number): Promise<AppliedTheatre> {
  const theatre = await writeTheatreRow(tx, file, id)
  let { changes } = theatre
  changes += await writeMenu(tx, theatre.id, file.menu)
  changes += await writeSeats(tx, theatre.id, file.halls)
  return { id: theatre.id, changes, seats: await readSeatLinks(tx, theatre.id) }
}

async function writeTheatreRow(tx: Transaction, file: TheatreFile, id?: number) {
  const { name, timeZone, maxTime, minTime } = file
  const data = { timeZone, maxTime, minTime }
  // serializes concurrent calls for one theatre, so that the second finds the first one's rows
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtext('houselights theatre'), hashtext(${name}))::text`
  const found = await tx.theatre.findUnique({ where: { name } })
  if (found?.timeZone !== timeZone) await requireKnownTimeZone(tx, timeZone)
  if (!found) {
    const created = await tx.theatre.create({ data: { name, ...data, ...(id === undefined ? {} : { id }) } })
    return { id: created.id, changes: 1 }
  }
  if (found.timeZone === timeZone && found.maxTime === maxTime && found.minTime === minTime) {
    return { id: found.id, changes: 0 }
  }
  await tx.theatre.update({ where: { id: found.id }, data })
  return { id: found.id, changes: 1 }
}

async function writeMenu(tx: Transaction, theatreId: number, menu: readonly MenuEntry[]): Promise<number> {
  await lockTheatre(tx, theatreId)
  // those on the menu, and the latest of those off it, come last
  const items = await tx.menuItem.findMany({
    where: { theatreId },
    orderBy: [{ listed: 'asc' }, { id: 'asc' }],
  })
  const byName = new Map(items.map((item) => [item.name, item]))
  let changes = 0
  for (const [position, { available, options, ...entry }] of menu.entries()) {
    const found = byName.get(entry.name)
    const data = {
      ...entry,
      options: options.map(({ choices, ...option }) => ({ ...option, choices: [...choices] })),
      position,
      listed: true,
      available: available ?? found?.available ?? true,
      soldOutUntil: available === null ? (found?.soldOutUntil ?? null) : null,
    }
    if (!found) await tx.menuItem.create({ data: { theatreId, ...data } })
    else if (isDifferent(found, data)) await tx.menuItem.update({ where: { id: found.id }, data })
    else continue
    changes += 1
  }
  const removed = await tx.menuItem.updateMany({
    where: { theatreId, listed: true, name: { notIn: namesOf(menu) } },
    data: { listed: false },
  })
  return changes + removed.count
}

const namesOf = (menu: readonly { name: string }[]): string[] => menu.map(({ name }) => name)

function isDifferent<T extends object>(found: T, wanted: Partial<T>): boolean {
  const current = new Map<string, unknown>(Object.entries(found))
  return Object.entries(wanted).some(([key, value]) => !isDeepStrictEqual(current.get(key), value))
}

async function writeSeats(tx: Transaction, theatreId: number, halls: readonly HallEntry[]): Promise<number> {
  const names = halls.map((hall) => hall.name)
  const created = await tx.hall.createMany({
    data: names.map((name) => ({ theatreId, name })),
    skipDuplicates: true,
  })
  const found = await tx.hall.findMany({
    where: { theatreId, name: { in: names }, listed: true },
    include: { seats: { where: { listed: true } } },
  })
  const added: { hallId: number; name: string; token: string }[] = []
  const renewed: { id: number; token: string }[] = []
  for (const hall of found) {
    const byName = new Map(hall.seats.map((seat) => [seat.name, seat]))
    for (const { name, token } of halls.find((entry) => entry.name === hall.name)?.seats ?? []) {
      const seat = byName.get(name)
      if (!seat) added.push({ hallId: hall.id, name, token: token ?? newToken() })
      else if (token !== null && token !== seat.token) renewed.push({ id: seat.id, token })
    }
  }
  // two seats may swap tokens: random ones first, so that no step collides
  for (const { id } of renewed) await tx.seat.update({ where: { id }, data: { token: newToken() } })
  await refuseTakenTokens(
    tx,
    [...renewed, ...added].map(({ token }) => token),
  )
  for (const { id, token } of renewed) await tx.seat.update({ where: { id }, data: { token } })
  await tx.seat.createMany({ data: added })
  return created.count + renewed.length + added.length
}

async function refuseTakenTokens(tx: Transaction, tokens: string[]): Promise<void> {
  const taken = await tx.seat.findFirst({ where: { token: { in: tokens } }, include: { hall: true } })
  if (!taken) return
  throw conflict(
    'token_taken',
    `The token "${taken.token}" belongs to seat ${taken.name} of ${taken.hall.name}.`,
  )
}

async function readSeatLinks(tx: Transaction, theatreId: number): Promise<SeatLink[]> {
  const seats = await tx.seat.findMany({
    where: { hall: { theatreId, listed: true }, listed: true },
    include: { hall: true },
    orderBy: { id: 'asc' },
  })
  return seats.map(({ name, token, hall }) => ({ hall: hall.name, seat: name, token }))
}
