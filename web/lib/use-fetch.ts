import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { fetchWithRetry, type RetryingFetch } from './retry.js'

export interface FetchState {
  /** the last failure; null while none is known and after a success */
  error: unknown
  reload(): void
}

/** `fetchWithRetry` while the component is shown, anew when `key` changes; null: not now. */
export function useFetch<T>(
  read: () => Promise<T>,
  onValue: (value: T) => void,
  key: string | number | null = '',
): FetchState {
  const [error, setError] = useState<unknown>(null)
  const fetching = useRef<RetryingFetch | null>(null)
  const latest = useRef({ read, onValue })
  latest.current = { read, onValue }
  useEffect(() => {
    setError(null)
    if (key === null) return
    const found = (value: T): void => {
      setError(null)
      latest.current.onValue(value)
    }
    const started = fetchWithRetry(() => latest.current.read(), found, setError)
    fetching.current = started
    return () => {
      fetching.current = null
      started.stop()
    }
  }, [key])
  const reload = useCallback(() => fetching.current?.reload(), [])
  return { error, reload }
}
