import { isNumber, recall } from './storage.js'

export const recallTheatre = (): number | null => recall('theatre', isNumber)

/** The theatre this screen shows: the one chosen here before, else the user's first; null when there is none. */
export function preferredTheatre(
  theatres: readonly { id: number }[],
  chosen: number | null = recallTheatre(),
): number | null {
  return theatres.some(({ id }) => id === chosen) ? chosen : (theatres[0]?.id ?? null)
}
