import { useEffect, useRef, useState } from 'preact/hooks'
import type { MenuStateView } from '../../src/protocol/views.js'
import { type EventStream, followEvents } from './event-stream.js'

interface Handlers {
  onState(state: MenuStateView): void
  /** The service refused, or something else answered: the seat's code may be another one by now. */
  onRefused(): void
}

interface MenuChanges {
  /** whether the page has what the service has */
  isCurrent: boolean
  /** `EventStream.restart` */
  restart(): void
}

/** Follows the menu of a seat's theatre; null: not now. */
export function useMenuChanges(token: string | null, handlers: Handlers): MenuChanges {
  const [isCurrent, setCurrent] = useState(true)
  const stream = useRef<EventStream | null>(null)
  const latest = useRef(handlers)
  latest.current = handlers
  useEffect(() => {
    if (token === null) return
    const opened = followEvents<MenuStateView>(`/api/seats/${encodeURIComponent(token)}/changes`, 'menu', {
      onData: (state) => latest.current.onState(state),
      onRefused: () => latest.current.onRefused(),
      onCurrent: setCurrent,
    })
    stream.current = opened
    return opened.stop
  }, [token])
  return { isCurrent, restart: () => stream.current?.restart() }
}
