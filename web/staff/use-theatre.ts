import { useState } from 'preact/hooks'
import type { TheatreSeatsView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { preferredTheatre, recallTheatre } from '../lib/preferred-theatre.js'
import { isString, recall, remember } from '../lib/storage.js'
import { type FetchState, useFetch } from '../lib/use-fetch.js'
import { st } from '../strings/staff/strings.js'

export interface TheatreName {
  id: number
  name: string
}

/** The theatre that this screen shows, of the user's own; remembered. */
export function useTheatreChoice(theatres: readonly TheatreName[]): [number | null, (id: number) => void] {
  const [chosen, setChosen] = useState(recallTheatre)
  function choose(id: number): void {
    remember('theatre', id)
    setChosen(id)
  }
  return [preferredTheatre(theatres, chosen), choose]
}

/**
 * The hall that this screen shows, remembered: a tablet stays in its lobby. '' means all halls, also when the theatre
 * has no hall of the remembered name: an invisible filter must not hide orders.
 */
export function useHallChoice(halls: readonly { name: string }[]): [string, (hall: string) => void] {
  const [chosen, setChosen] = useState(() => recall('hall', isString) ?? '')
  function choose(hall: string): void {
    remember('hall', hall)
    setChosen(hall)
  }
  return [halls.length > 1 && halls.some(({ name }) => name === chosen) ? chosen : '', choose]
}

export type TicketSize = 'large' | 'compact'

const isSize = (value: unknown): value is TicketSize => value === 'large' || value === 'compact'

/** The size of this screen's tickets, remembered: from two metres, or as many as fit. */
export function useTicketSize(): [TicketSize, (size: TicketSize) => void] {
  const [size, setSize] = useState<TicketSize>(() => recall('ticket-size', isSize) ?? 'large')
  function choose(next: TicketSize): void {
    remember('ticket-size', next)
    setSize(next)
  }
  return [size, choose]
}

/** A theatre's halls, seats and time limits. `isFirst`: none has been read yet, so that the choice of halls is to come. */
export function useTheatreSeats(theatreId: number | null): {
  found: TheatreSeatsView | null
  isFirst: boolean
  fetching: FetchState
} {
  const [found, setFound] = useState<TheatreSeatsView | null>(null)
  const fetching = useFetch(() => api.theatreSeats(theatreId ?? 0), setFound, theatreId)
  const isFirst = theatreId !== null && found === null && fetching.error === null
  return { found: found?.theatre.id === theatreId ? found : null, isFirst, fetching }
}

/** The user's theatres, and those that only the socket lists (an admin's) under a generic name. */
export function nameTheatres(known: readonly TheatreName[], listed: readonly number[]): TheatreName[] {
  const missing = listed.filter((id) => !known.some((theatre) => theatre.id === id))
  return [...known, ...missing.map((id) => ({ id, name: st.board.theatre(id) }))]
}
