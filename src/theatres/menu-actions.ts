import { isTheatreManager, requireManagedTheatre, staffTheatres } from '../access/theatre-access.js'
import type { Prisma, Transaction } from '../database/client.js'
import { conflict, forbidden, invalid, notFound } from '../errors.js'
import { type ActionContext, commit } from '../events/commit.js'
import type { Principal } from '../principal.js'
import { MAX_ITEMS } from '../protocol/menu-limits.js'
import { isStorable, plainLines, trimBlanks } from '../protocol/typed-text.js'
import type { Diet, MenuOptionView } from '../protocol/views.js'
import { optionsProblem } from './menu-options.js'
import { type MenuItemRecord, readMenuItem, requireItemManager } from './menu-queries.js'
import { lockTheatre } from './theatre-queries.js'

/** What managers decide about an item. Prices are in paise. */
export interface MenuItemFields {
  name: string
  description: string
  category: string
  price: number
  diet: Diet | null
  position: number
  options: MenuOptionView[]
}

/** Until when an item is sold out: an hour, the end of the day in the theatre's time zone, or a time in RFC 3339. */
export type SoldOutUntil = 'hour' | 'day' | (string & {})

export interface MenuItemChange extends Partial<MenuItemFields> {
  available?: boolean
  /** with `available: false` only; missing or null: until staff say otherwise */
  until?: SoldOutUntil | null
}

/**
 * Changes an item. Staff of its theatre set `available` and `until`; all else is for managers (403 `forbidden`). Throws
 * `not_found` for an item of another theatre, as for a missing one, `validation_failed`, and 409 `menu_item_exists` when the
 * menu has another item of that name.
 */
export async function changeMenuItem(
  ctx: ActionContext,
  principal: Principal,
  id: number,
  { available, until, ...given }: MenuItemChange,
): Promise<MenuItemRecord> {
  const fields = tidy(given)
  checkOptions(fields.options)
  if (until != null && available !== false) throw invalid('until', 'goes with available: false')
  return await commit(ctx, async (tx) => {
    const found = await tx.menuItem.findFirst({
      where: { id, listed: true, ...staffTheatres(principal) },
      select: { theatreId: true },
    })
    if (!found) throw notFound('menu item')
    const isManagers = Object.keys(fields).length > 0
    if (isManagers && !isTheatreManager(principal, found.theatreId)) throw forbidden()
    await lockTheatre(tx, found.theatreId)
    await refuseTakenName(tx, found.theatreId, fields.name, id)
    const soldOutUntil =
      available === false && until != null ? await timeOf(tx, found.theatreId, until) : null
    const { count } = await tx.menuItem.updateMany({
      where: { id, listed: true },
      data: { ...toColumns(fields), ...(available === undefined ? {} : { available, soldOutUntil }) },
    })
    if (count === 0) throw notFound('menu item')
    return { result: await readMenuItem(tx, id), changedTheatres: [found.theatreId] }
  })
}

/** A new item has all but these, which have a value of their own. */
export type NewMenuItem = Pick<MenuItemFields, 'name' | 'price'> & Partial<MenuItemFields>

/**
 * Puts an item on a theatre's menu, at its end unless `position` says otherwise. Throws as `requireManagedTheatre` does,
 * `validation_failed`, 409 `menu_item_exists` for a name that the menu has already, and 409 `menu_full`.
 */
export async function addMenuItem(
  ctx: ActionContext,
  principal: Principal,
  theatreId: number,
  given: NewMenuItem,
): Promise<MenuItemRecord> {
  const { name, price, ...fields } = tidy(given)
  checkOptions(fields.options)
  return await commit(ctx, async (tx) => {
    await requireManagedTheatre(tx, principal, theatreId)
    await lockTheatre(tx, theatreId)
    await refuseTakenName(tx, theatreId, name)
    const { _max, _count } = await tx.menuItem.aggregate({
      where: { theatreId, listed: true },
      _max: { position: true },
      _count: true,
    })
    if (_count >= MAX_ITEMS) throw conflict('menu_full', `A menu has at most ${MAX_ITEMS} items.`)
    const { id } = await tx.menuItem.create({
      data: { theatreId, name, price, position: (_max.position ?? -1) + 1, ...toColumns(fields) },
      select: { id: true },
    })
    return { result: await readMenuItem(tx, id), changedTheatres: [theatreId] }
  })
}

/** Takes an item off the menu, with its picture; orders keep it. Throws as `requireItemManager` does. */
export async function removeMenuItem(ctx: ActionContext, principal: Principal, id: number): Promise<void> {
  return await commit(ctx, async (tx) => {
    const theatreId = await requireItemManager(tx, principal, id)
    await lockTheatre(tx, theatreId)
    const { count } = await tx.menuItem.updateMany({ where: { id, listed: true }, data: { listed: false } })
    if (count === 0) throw notFound('menu item')
    return { result: undefined, changedTheatres: [theatreId] }
  })
}

/**
 * Without blanks around texts, and without the invisible characters that would disguise a name on bills and boards. Throws
 * `validation_failed` for a name of such characters alone, and for text that can't be stored.
 */
function tidy<T extends Partial<MenuItemFields>>(fields: T): T {
  const { name, description, category, options } = fields
  return {
    ...fields,
    ...(name === undefined ? {} : { name: tidyName(name, 'name') }),
    ...(description === undefined ? {} : { description: tidyText(description, 'description') }),
    ...(category === undefined ? {} : { category: tidyLine(category, 'category') }),
    ...(options === undefined ? {} : { options: options.map(tidyOption) }),
  }
}

const tidyOption = ({ name, choices, ...option }: MenuOptionView): MenuOptionView => ({
  ...option,
  name: tidyName(name, 'options'),
  choices: choices.map((choice) => ({ ...choice, name: tidyName(choice.name, 'options') })),
})

function tidyName(text: string, path: string): string {
  const name = tidyLine(text, path)
  if (name === '') throw invalid(path, 'must have a name with visible characters')
  return name
}

/** A text on one line, without what would disguise it. Throws `validation_failed` for text that can't be stored. */
export const tidyLine = (text: string, path: string): string => tidyText(text, path).replace(/\n+/g, ' ')

function tidyText(text: string, path: string): string {
  if (!isStorable(text)) throw invalid(path, 'must be Unicode text')
  return trimBlanks(plainLines(text))
}

function checkOptions(options: readonly MenuOptionView[] | undefined): void {
  const problem = options && optionsProblem(options)
  if (problem) throw invalid('options', problem)
}

/** A list of objects is JSON, which its type does not know. */
function toColumns({ options, ...fields }: Partial<MenuItemFields>) {
  return { ...fields, ...(options ? { options: options as unknown as Prisma.InputJsonArray } : {}) }
}

/** Throws 409 where the menu has another item of this name. The theatre is locked: no other item can take it meanwhile. */
async function refuseTakenName(
  tx: Transaction,
  theatreId: number,
  name: string | undefined,
  exceptId = 0,
): Promise<void> {
  if (name === undefined) return
  const taken = await tx.menuItem.count({ where: { theatreId, name, listed: true, id: { not: exceptId } } })
  if (taken > 0)
    throw conflict('menu_item_exists', `The menu has an item called ${name} already: change that one.`)
}

async function timeOf(tx: Transaction, theatreId: number, until: SoldOutUntil): Promise<Date> {
  const given = until === 'hour' || until === 'day' ? null : new Date(until)
  // RFC 3339 has leap seconds and the year 0; the one is no `Date`, the other no time of PostgreSQL
  if (given && !(given.getTime() > 0)) throw invalid('until', 'must be in the future')
  const [row] = await tx.$queryRaw<{ at: Date; isFuture: boolean }[]>`
    SELECT x.at, x.at > now() AS "isFuture" FROM theatres t, LATERAL (SELECT CASE ${until}
      WHEN 'hour' THEN now() + interval '1 hour'
      WHEN 'day' THEN (date_trunc('day', now() AT TIME ZONE t.time_zone) + interval '1 day') AT TIME ZONE t.time_zone
      ELSE ${given}::timestamptz END AS at) x
    WHERE t.id = ${theatreId}::int`
  if (!row?.isFuture) throw invalid('until', 'must be in the future')
  return row.at
}
