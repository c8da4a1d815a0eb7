import { useEffect, useState } from 'preact/hooks'
import { api } from '../lib/api.js'
import { text } from '../lib/decode.js'
import { preferredTheatre, recallTheatre } from '../lib/preferred-theatre.js'
import type { TheatreSeats } from '../lib/shapes.js'
import { recall, remember } from '../lib/storage.js'
import { s } from '../strings/language.js'

export interface TheatreName {
  id: number
  name: string
}

/** The theatre that this screen shows, of those that are the person's: remembered from evening to evening. */
export function useTheatreChoice(theatres: readonly TheatreName[]): [number | null, (id: number) => void] {
  const [chosen, setChosen] = useState(recallTheatre)
  function choose(id: number): void {
    remember('theatre', id)
    setChosen(id)
  }
  return [preferredTheatre(theatres, chosen), choose]
}

/**
 * The hall that this screen is for, remembered like the theatre: a tablet stands where it stands. '' is all of them,
 * also where there is no hall of that name: a filter that no one can see must not hide orders.
 */
export function useHallChoice(halls: readonly { name: string }[]): [string, (hall: string) => void] {
  const [chosen, setChosen] = useState(() => recall('hall', text) ?? '')
  function choose(hall: string): void {
    remember('hall', hall)
    setChosen(hall)
  }
  return [halls.length > 1 && halls.some(({ name }) => name === chosen) ? chosen : '', choose]
}

/** A theatre's halls, seats and time limits. Asked for again until it comes: the limits decide what is urgent. */
export function useTheatreSeats(theatreId: number | null): { found: TheatreSeats | null; error: unknown } {
  const [found, setFound] = useState<TheatreSeats | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    if (theatreId === null) return
    let again: ReturnType<typeof setTimeout> | undefined
    let current = true
    api.theatreSeats(theatreId).then(
      (next) => {
        if (!current) return
        setFound(next)
        setError(null)
      },
      (problem: unknown) => {
        if (!current) return
        setError(problem)
        again = setTimeout(() => setAttempt(attempt + 1), 8000)
      },
    )
    return () => {
      current = false
      clearTimeout(again)
    }
  }, [theatreId, attempt])
  return { found: found?.theatre.id === theatreId ? found : null, error }
}

/** The person's theatres by name; an id that only the socket knows of (an admin's) gets a plain name. */
export function nameTheatres(known: readonly TheatreName[], heard: readonly number[]): TheatreName[] {
  const missing = heard.filter((id) => !known.some((theatre) => theatre.id === id))
  return [...known, ...missing.map((id) => ({ id, name: s.board.theatre(id) }))]
}
