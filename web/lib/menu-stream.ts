import { useEffect, useRef, useState } from 'preact/hooks'
import type { MenuStateView } from '../../src/protocol/views.js'
import { followEvents } from './event-stream.js'

interface Handlers {
  onState(state: MenuStateView): void
  /** The service refused, or something else answered: the seat's code may be another one by now. */
  onRefused(): void
}

/** Follows the menu of a seat's theatre; null: not now. Returns whether the page has what the service has. */
export function useMenuChanges(token: string | null, handlers: Handlers): boolean {
  const [isCurrent, setCurrent] = useState(true)
  const latest = useRef(handlers)
  latest.current = handlers
  useEffect(() => {
    if (token === null) return
    return followEvents<MenuStateView>(`/api/seats/${encodeURIComponent(token)}/changes`, 'menu', {
      onData: (state) => latest.current.onState(state),
      onRefused: () => latest.current.onRefused(),
      onCurrent: setCurrent,
    })
  }, [token])
  return isCurrent
}
