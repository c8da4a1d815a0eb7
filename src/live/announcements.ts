import { MultiMap } from '../concurrency/multi-map.js'
import type { Bus } from './bus/bus.js'

/**
 * Messages between nodes that are not events. Best effort: another node may miss one, and this node may get one twice, so a
 * listener must be idempotent and poll for what was lost.
 */
export class Announcements {
  private readonly listeners = new MultiMap<string, (message: string) => void>()

  constructor(private readonly bus: Bus) {}

  /** The channel must not have the name of a group. */
  async listen(channel: string, listener: (message: string) => void): Promise<void> {
    this.listeners.add(channel, listener)
    await this.bus.subscribe(channel)
  }

  /** Never throws or waits. */
  announce(channel: string, message: string): void {
    this.bus.publish(channel, message)
    this.receive(channel, message)
  }

  /** Passes on a message that the bus has delivered. */
  receive(channel: string, message: string): void {
    for (const listener of this.listeners.get(channel)) listener(message)
  }
}
