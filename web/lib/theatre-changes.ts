import { useEffect, useRef, useState } from 'preact/hooks'
import type { ManagedTheatreView } from '../../src/protocol/manager-views.js'
import { type EventStream, followEvents } from './event-stream.js'
import { type FetchState, useFetch } from './use-fetch.js'

export interface LiveTheatre {
  /** as the service sent it last; null: nothing yet */
  theatre: ManagedTheatreView | null
  /** whether changes of others arrive */
  isCurrent: boolean
  /** `EventStream.restart` */
  restart(): void
}

/** Follows a theatre as its managers see it; null: none. */
export function useLiveTheatre(theatreId: number | null): LiveTheatre {
  const [theatre, setTheatre] = useState<ManagedTheatreView | null>(null)
  const [isCurrent, setCurrent] = useState(true)
  const stream = useRef<EventStream | null>(null)
  useEffect(() => {
    if (theatreId === null) return
    const opened = followEvents<ManagedTheatreView>(`/api/theatres/${theatreId}/changes`, 'theatre', {
      onData: setTheatre,
      onCurrent: setCurrent,
      onRefused() {},
    })
    stream.current = opened
    return opened.stop
  }, [theatreId])
  return {
    theatre: theatre?.settings.id === theatreId ? theatre : null,
    isCurrent,
    restart: () => stream.current?.restart(),
  }
}

/**
 * A part of a theatre: read at first and after the page's own changes (`reload`), and as the service sends it from then on. An
 * answer that was asked for before the last event came is not newer than that. `restart`: the stream's.
 */
export function useLivePart<T>(
  read: () => Promise<T>,
  live: T | undefined,
  restart: () => void,
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
  const { error, reload } = useFetch(
    async () => {
      const before = events.current
      return { value: await read(), isOld: () => events.current !== before }
    },
    ({ value, isOld }) => {
      if (!isOld()) latest.current(value)
    },
  )
  return {
    error,
    reload() {
      restart()
      reload()
    },
  }
}
