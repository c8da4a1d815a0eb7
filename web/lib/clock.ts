import { useEffect, useState } from 'preact/hooks'
import { serverNow } from './server-time.js'

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | null = null

function everySecond(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    for (const each of listeners) each()
  }, 1000)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0 && timer !== null) {
      clearInterval(timer)
      timer = null
    }
  }
}

/** The service's time, updated every second. One timer per page, so that all ages change together. */
export function useNow(): number {
  const [now, setNow] = useState(serverNow)
  useEffect(() => everySecond(() => setNow(serverNow())), [])
  return now
}
