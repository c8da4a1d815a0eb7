import type { BusProblem } from './bus-problem.js'

/**
 * Pub/sub between nodes: the fast path, at most once. Nothing may depend on it alone: each node also polls the event
 * log every second. Both implementations, redis-bus.ts and postgres-bus.ts, pass the same tests.
 */
export interface Bus {
  /**
   * Messages published after it resolves are received. If the link is down or slow it resolves within 50 ms anyway,
   * and `onReset` is called once the link is back. Never rejects.
   */
  subscribe(channel: string): Promise<void>
  /** Messages in flight may still be received. */
  unsubscribe(channel: string): void
  /** Sends to every other subscriber; a node's own messages may come back to it as well. Never throws or waits. */
  publish(channel: string, message: string): void
  /** Set once, by the hub. */
  listener: BusListener | null
  /** false: a message may say where an event stands in the log, and nothing of what it holds */
  readonly carriesEvents: boolean
  /** false while the link is known to be down */
  readonly healthy: boolean
  /** why it is not healthy; null while it is */
  readonly problem: BusProblem | null
  close(): Promise<void>
}

export interface BusListener {
  onMessage(channel: string, message: string): void
  /** The link was down and is back. Messages published meanwhile are lost: read the log. */
  onReset(): void
}
