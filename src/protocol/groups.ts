/**
 * Names of groups (broadcast channels). Built and parsed only here, so that a typo can't create a group and client
 * input is never used as one.
 */
export type GroupName = string & { readonly group: unique symbol }

/** Maximum of PostgreSQL's `integer`. */
export const MAX_ID = 2_147_483_647

/** Whether a row can have this id. */
export const isId = (id: number): boolean => Number.isInteger(id) && id >= 1 && id <= MAX_ID

function checkedId(id: number): number {
  if (!isId(id)) throw new RangeError(`not an id: ${id}`)
  return id
}

export const theatreOrders = (theatreId: number) => `theatre:${checkedId(theatreId)}:orders` as GroupName
export const theatreChat = (theatreId: number) => `theatre:${checkedId(theatreId)}:chat` as GroupName
export const orderGroup = (orderId: number) => `order:${checkedId(orderId)}` as GroupName

export type GroupParts =
  | { kind: 'theatre-orders'; theatreId: number }
  | { kind: 'theatre-chat'; theatreId: number }
  | { kind: 'order'; orderId: number }

/** Parses a group name; null if invalid. */
export function readGroup(name: string): GroupParts | null {
  const match = /^(?:theatre:([1-9]\d{0,9}):(orders|chat)|order:([1-9]\d{0,9}))$/.exec(name)
  if (!match) return null
  const id = Number(match[1] ?? match[3])
  if (id > MAX_ID) return null
  if (match[3] !== undefined) return { kind: 'order', orderId: id }
  return { kind: match[2] === 'orders' ? 'theatre-orders' : 'theatre-chat', theatreId: id }
}

/** The same string as a `GroupName`; null if invalid. */
export function asGroup(name: string): GroupName | null {
  return readGroup(name) ? (name as GroupName) : null
}
