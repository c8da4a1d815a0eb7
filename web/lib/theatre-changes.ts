import { useEffect, useState } from 'preact/hooks'
import { followEvents } from './event-stream.js'

export interface TheatreChanges {
  /** differs after each change of the theatre, whoever makes it; '' at first */
  version: string
  /** whether changes of others arrive */
  isCurrent: boolean
}

/** Follows the changes of a theatre's menu, settings, halls and staff; null: of none. */
export function useTheatreChanges(theatreId: number | null): TheatreChanges {
  const [version, setVersion] = useState('')
  const [isCurrent, setCurrent] = useState(true)
  useEffect(() => {
    if (theatreId === null) return
    return followEvents<{ version: string }>(`/api/theatres/${theatreId}/changes`, 'change', {
      onData: (now) => setVersion(now.version),
      onCurrent: setCurrent,
      // what is shown is read again, and says why it can't be
      onRefused: () => setVersion(''),
    })
  }, [theatreId])
  return { version, isCurrent }
}
