import { onFailedCall } from './failed-calls.js'
import { watchSleep } from './sleep.js'

/** ms without a connection after which the page says so */
const STALE_AFTER_MS = 3000
const FIRST_WAIT_MS = 2000
const LONGEST_WAIT_MS = 30_000

export interface EventHandlers<T> {
  onData(data: T): void
  /** whether the page has what the service has */
  onCurrent(isCurrent: boolean): void
  /** The service refused, or something else answered: the right to the stream may have ended. */
  onRefused(): void
}

export interface EventStream {
  /**
   * To be called after a change that this page has made: drops events that were read before the change, as they would take
   * it back on the screen. Opens a new connection, whose first event is read after this call.
   */
  restart(): void
  stop(): void
}

/**
 * Follows one kind of server-sent events of a path until it is stopped. A hidden page has no stream: browsers
 * allow six connections to a host, and the first event after it is shown again has the whole state.
 */
export function followEvents<T>(
  path: string,
  name: string,
  { onData, onCurrent, onRefused }: EventHandlers<T>,
): EventStream {
  let source: EventSource | null = null
  let staleTimer: ReturnType<typeof setTimeout> | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let wait = FIRST_WAIT_MS

  function close(): void {
    source?.close()
    source = null
    clearTimeout(staleTimer)
    clearTimeout(retry)
  }
  function open(): void {
    close()
    if (document.visibilityState !== 'visible') return
    const opened = new EventSource(path)
    source = opened
    staleTimer = setTimeout(onCurrent, STALE_AFTER_MS, false)
    opened.addEventListener(name, ({ data }: MessageEvent<string>) => {
      clearTimeout(staleTimer)
      wait = FIRST_WAIT_MS
      // what was under way when the network went says nothing of what comes after
      onCurrent(navigator.onLine)
      onData(JSON.parse(data) as T)
    })
    opened.addEventListener('error', () => {
      clearTimeout(staleTimer)
      staleTimer = setTimeout(onCurrent, STALE_AFTER_MS, false)
      // else the browser connects again by itself
      if (opened.readyState !== EventSource.CLOSED) return
      retry = setTimeout(open, wait)
      wait = Math.min(LONGEST_WAIT_MS, wait * 2)
      onRefused()
    })
  }
  const onOffline = (): void => onCurrent(false)
  const onShow = ({ persisted }: PageTransitionEvent): void => {
    if (persisted) open()
  }
  // a connection that broke meanwhile is silent, as one without changes is; one that is known to be broken waits its time
  const replaceOpen = (): void => {
    if (source?.readyState === EventSource.OPEN) open()
  }
  const unsubscribe = [watchSleep(replaceOpen), onFailedCall(replaceOpen)]
  addEventListener('online', open)
  addEventListener('pageshow', onShow)
  addEventListener('pagehide', close)
  addEventListener('offline', onOffline)
  document.addEventListener('visibilitychange', open)
  open()
  return {
    restart() {
      // without a connection the next one starts with an event that is new enough
      if (source && source.readyState !== EventSource.CLOSED) open()
    },
    stop() {
      close()
      for (const each of unsubscribe) each()
      removeEventListener('online', open)
      removeEventListener('pageshow', onShow)
      removeEventListener('pagehide', close)
      removeEventListener('offline', onOffline)
      document.removeEventListener('visibilitychange', open)
    },
  }
}
