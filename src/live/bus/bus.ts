/**
 * How nodes tell each other of commits: the fast path, at most once. Nothing may hang on it alone: the log is the
 * truth, and every node asks it each second. Two forms under one test table: memory-bus.ts, redis-bus.ts.
 */
export interface Bus {
  /**
   * From when it resolves, messages published on the channel arrive, unless the link is down or slow: then it
   * resolves all the same (within 50 ms), and the log tells what is missed; `onReset` tells when the link is back.
   */
  subscribe(channel: string): Promise<void>
  /** Messages that are under way may still arrive. */
  unsubscribe(channel: string): void
  /** Tells every subscriber, this node's included. Never throws, never waits. */
  publish(channel: string, message: string): void
  /** Set once, by the hub. */
  listener: BusListener | null
  /** false while the link is known to be down */
  readonly healthy: boolean
  close(): Promise<void>
}

export interface BusListener {
  onMessage(channel: string, message: string): void
  /** The link was down: what was published meanwhile is lost and must be read from the log. */
  onReset(): void
}
