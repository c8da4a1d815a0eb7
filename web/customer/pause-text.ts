import type { OrderingView } from '../../src/protocol/views.js'
import { f, s } from '../strings/language.js'

/** That ordering is paused, and until when; null: it is not. */
export function pauseText({ accepting, reopensAt }: OrderingView): string | null {
  if (accepting) return null
  return reopensAt === null ? s.seat.paused : s.seat.pausedUntil(f.time(reopensAt))
}
