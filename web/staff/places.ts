/**
 * The ids of the board's places in their order. While a pointer is near (`isHeld`) none moves: what has gone leaves a gap, what
 * is new comes last. Pure.
 */
export function arrangePlaces(
  before: readonly number[],
  wanted: readonly number[],
  isHeld: boolean,
): readonly number[] {
  if (!isHeld) return wanted
  const known = new Set(before)
  return [...before, ...wanted.filter((id) => !known.has(id))]
}
