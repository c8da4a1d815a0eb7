import type { Bus, BusListener } from './bus.js'

/** Connects the buses of one process. */
export class MemoryBroker {
  readonly buses = new Set<MemoryBus>()
}

/** In-process bus. Like a network, it never delivers within `publish`, but in a microtask after it. */
export class MemoryBus implements Bus {
  listener: BusListener | null = null
  readonly healthy = true
  private readonly channels = new Set<string>()

  constructor(private readonly broker: MemoryBroker = new MemoryBroker()) {
    broker.buses.add(this)
  }

  async subscribe(channel: string): Promise<void> {
    this.channels.add(channel)
  }

  unsubscribe(channel: string): void {
    this.channels.delete(channel)
  }

  publish(channel: string, message: string): void {
    for (const bus of this.broker.buses) {
      queueMicrotask(() => {
        if (bus.channels.has(channel)) bus.listener?.onMessage(channel, message)
      })
    }
  }

  async close(): Promise<void> {
    this.broker.buses.delete(this)
    this.channels.clear()
  }
}
