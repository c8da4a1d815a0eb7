import { useEffect, useRef, useState } from 'preact/hooks'
import type { ManagedTheatreView } from '../../src/protocol/manager-views.js'
import { followEvents } from './event-stream.js'
import { type FetchState, useFetch } from './use-fetch.js'

export interface LiveTheatre {
  /** as the service sent it last; null: nothing yet */
  theatre: ManagedTheatreView | null
  /** whether changes of others arrive */
  isCurrent: boolean
}

/** Follows a theatre as its managers see it; null: none. */
export function useLiveTheatre(theatreId: number | null): LiveTheatre {
  const [theatre, setTheatre] = useState<ManagedTheatreView | null>(null)
  const [isCurrent, setCurrent] = useState(true)
  useEffect(() => {
    if (theatreId === null) return
    return followEvents<ManagedTheatreView>(`/api/theatres/${theatreId}/changes`, 'theatre', {
      onData: setTheatre,
      onCurrent: setCurrent,
      onRefused() {},
    })
  }, [theatreId])
  return { theatre: theatre?.settings.id === theatreId ? theatre : null, isCurrent }
}

/**
 * A part of a theatre: read at first and after the page's own changes, and as the service sends it from then on. An answer that
 * was asked for before the last event came is not newer than that.
 */
export function useLivePart<T>(
  read: () => Promise<T>,
  live: T | undefined,
  onValue: (value: T) => void,
): FetchState {
  const events = useRef(0)
  const latest = useRef(onValue)
  latest.current = onValue
  useEffect(() => {
    if (live === undefined) return
    events.current += 1
    latest.current(live)
  }, [live])
  return useFetch(
    async () => {
      const before = events.current
      return { value: await read(), isOld: () => events.current !== before }
    },
    ({ value, isOld }) => {
      if (!isOld()) latest.current(value)
    },
  )
}
