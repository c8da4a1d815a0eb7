/** What one message says about the service's clock. */
export interface TimeReading {
  /** the service's clock, in milliseconds since 1970: it stood between these two … */
  earliest: number
  latest: number
  /** … at some moment between these two of the page's monotonic clock, in milliseconds. */
  sentAt: number
  receivedAt: number
}

/**
 * A clock that follows the service's and counts by the monotonic one, so that a device's clock that is wrong, or is put
 * right meanwhile, changes no age. `initial`: the offset between the two until a reading corrects it.
 */
export function createServerTime(monotonic: () => number, initial: number) {
  let offset = initial
  return {
    now: (): number => Math.round(monotonic() + offset),
    /** Moves the clock as little as the reading demands: rounding and latency move it only if it was wrong. */
    note({ earliest, latest, sentAt, receivedAt }: TimeReading): void {
      const lowest = earliest - receivedAt
      const highest = latest - sentAt
      if (Number.isNaN(lowest) || Number.isNaN(highest)) return
      offset = Math.max(lowest, Math.min(highest, offset))
    },
  }
}

const serverTime = createServerTime(() => performance.now(), Date.now() - performance.now())

/** The service's time, in milliseconds since 1970. Before the first reading it is the device's. */
export const serverNow = serverTime.now
export const noteServerTime = serverTime.note

/** Reads the `Date` header, which has whole seconds. `sentAt`: see `TimeReading`. */
export function noteDateHeader(header: string | null, sentAt: number): void {
  const earliest = Date.parse(header ?? '')
  noteServerTime({ earliest, latest: earliest + 1000, sentAt, receivedAt: performance.now() })
}
