import { requireManagedTheatre } from '../access/theatre-access.js'
import { type Database, Prisma, type Queryable, type Transaction } from '../database/client.js'
import { conflict, invalid } from '../errors.js'
import { type ActionContext, commit } from '../events/commit.js'
import type { Principal } from '../principal.js'
import { readGstin } from '../protocol/gstin.js'
import { hasControls, isStorable, trimBlanks } from '../protocol/typed-text.js'
import { isTimeZone, type OpeningHours } from './opening-hours.js'
import { lockTheatre, requireKnownTimeZone } from './theatre-queries.js'

/** What a theatre's managers decide, besides menu, seats and people. */
export interface Settings extends OpeningHours {
  id: number
  name: string
  /** minutes allowed for an order, and minutes left at which it becomes urgent */
  maxTime: number
  minTime: number
  gstin: string | null
  /** hundredths of a percent, contained in the prices */
  gstRate: number
  receiptHeader: string
}

/** Those of a new theatre; `id` is none yet. */
export const DEFAULT_SETTINGS = {
  id: 0,
  openingHours: null,
  lastOrders: 0,
  gstin: null,
  gstRate: 500,
  receiptHeader: '',
}

/** What is missing stays as it is. */
export type SettingsChange = Partial<Omit<Settings, 'id'>>

/** Throws as `requireManagedTheatre` does. */
export async function readSettings(
  db: Database | Transaction,
  principal: Principal,
  theatreId: number,
): Promise<Settings> {
  await requireManagedTheatre(db, principal, theatreId)
  return await findSettings(db, theatreId)
}

/** The same for a caller whose right to it is known. Rejects for a theatre that does not exist. */
export async function findSettings(db: Queryable, theatreId: number): Promise<Settings> {
  const [settings] = await listSettings(db, Prisma.sql`WHERE t.id = ${theatreId}::int`)
  if (!settings) throw new Error(`theatre ${theatreId} does not exist`)
  return settings
}

/** All theatres, by name; for admins. */
export const listTheatres = (db: Database): Promise<Settings[]> =>
  listSettings(db, Prisma.sql`ORDER BY t.name, t.id`)

function listSettings(db: Queryable, tail: Prisma.Sql): Promise<Settings[]> {
  return db.$queryRaw<Settings[]>`
    SELECT t.id, t.name, t.time_zone AS "timeZone", t.max_time AS "maxTime", t.min_time AS "minTime",
      t.opening_hours AS "openingHours", t.last_orders AS "lastOrders", t.gstin, t.gst_rate AS "gstRate",
      t.receipt_header AS "receiptHeader"
    FROM theatres t ${tail}`
}

/**
 * Changes a theatre's settings. Throws `validation_failed`, 409 `name_taken` when another theatre has the name, and as
 * `requireManagedTheatre` does.
 */
export function changeSettings(
  ctx: ActionContext,
  principal: Principal,
  theatreId: number,
  change: SettingsChange,
): Promise<Settings> {
  return commit(ctx, async (tx) => {
    await lockTheatre(tx, theatreId)
    const before = await readSettings(tx, principal, theatreId)
    const after = checkSettings({ ...before, ...change })
    if (after.name !== before.name) await refuseTakenName(tx, after.name)
    if (after.timeZone !== before.timeZone) await requireKnownTimeZone(tx, after.timeZone)
    await tx.$executeRaw`
      UPDATE theatres SET name = ${after.name}, time_zone = ${after.timeZone}, max_time = ${after.maxTime}::int,
        min_time = ${after.minTime}::int, opening_hours = ${openingJson(after)}::jsonb,
        last_orders = ${after.lastOrders}::int, gstin = ${after.gstin}, gst_rate = ${after.gstRate}::int,
        receipt_header = ${after.receiptHeader}
      WHERE id = ${theatreId}::int`
    return { result: after, changedTheatres: [theatreId] }
  })
}

const openingJson = ({ openingHours }: Settings): string | null =>
  openingHours === null ? null : JSON.stringify(openingHours)

/** Locks the name until the commit, so that no other theatre takes it meanwhile. */
export async function refuseTakenName(tx: Transaction, name: string): Promise<void> {
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtext('houselights theatre'), hashtext(${name}))::text`
  const taken = await tx.theatre.findUnique({ where: { name }, select: { id: true } })
  if (taken) throw conflict('name_taken', 'There is already a theatre with this name.')
}

const MAX_NAME = 100
const MAX_HEADER = 500

/** The settings in the form to store. Throws `validation_failed`. */
export function checkSettings(settings: Settings): Settings {
  const { timeZone, maxTime, minTime, gstin } = settings
  if (!isTimeZone(timeZone)) throw invalid('timeZone', 'must be an IANA time zone, such as "Asia/Kolkata"')
  if (minTime > maxTime) throw invalid('min_time', 'must be at most max_time')
  return {
    ...settings,
    name: checkName(settings.name),
    gstin: gstin === null || trimBlanks(gstin) === '' ? null : checkGstin(gstin),
    receiptHeader: checkHeader(settings.receiptHeader),
  }
}

/** A name of a theatre, hall, row or seat on one line. Throws `validation_failed`. */
export function checkName(text: string, path = 'name', max = MAX_NAME): string {
  const name = trimBlanks(text)
  if (name === '' || [...name].length > max || hasControls(name) || !isStorable(name)) {
    throw invalid(path, `must have 1 to ${max} characters on one line`)
  }
  return name
}

function checkGstin(text: string): string {
  const gstin = readGstin(text)
  if (gstin === null) throw invalid('gstin', 'must be a GSTIN of 15 characters with a correct check digit')
  return gstin
}

function checkHeader(text: string): string {
  const header = trimBlanks(text.replace(/\r\n?/g, '\n'))
  if ([...header].length > MAX_HEADER || hasControls(header.replaceAll('\n', '')) || !isStorable(header)) {
    throw invalid('receiptHeader', `must have at most ${MAX_HEADER} characters of text`)
  }
  return header
}
