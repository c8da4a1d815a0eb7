import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { keepReading, type Reading } from './retry.js'

export interface ReadingState {
  /** the last failure; null while none is known and after a success */
  error: unknown
  again(): void
}

/** `keepReading` while the component is shown, anew when `key` changes; null: not now. */
export function useReading<T>(
  read: () => Promise<T>,
  onValue: (value: T) => void,
  key: string | number | null = '',
): ReadingState {
  const [error, setError] = useState<unknown>(null)
  const reading = useRef<Reading | null>(null)
  const latest = useRef({ read, onValue })
  latest.current = { read, onValue }
  useEffect(() => {
    setError(null)
    if (key === null) return
    const found = (value: T): void => {
      setError(null)
      latest.current.onValue(value)
    }
    const started = keepReading(() => latest.current.read(), found, setError)
    reading.current = started
    return () => {
      reading.current = null
      started.stop()
    }
  }, [key])
  const again = useCallback(() => reading.current?.again(), [])
  return { error, again }
}
