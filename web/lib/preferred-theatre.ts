import { number } from './decode.js'
import { recall } from './storage.js'

export const recallTheatre = (): number | null => recall('theatre', number)

/** Of a person's theatres the one that this screen shows: that chosen here before, else the first; null: none. */
export function preferredTheatre(
  theatres: readonly { id: number }[],
  chosen: number | null = recallTheatre(),
): number | null {
  return theatres.some(({ id }) => id === chosen) ? chosen : (theatres[0]?.id ?? null)
}
