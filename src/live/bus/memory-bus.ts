import type { Bus, BusListener } from './bus.js'

/** All the nodes of one process that share a broker hear each other. */
export class MemoryBroker {
  readonly members = new Set<MemoryBus>()
}

/** The bus within one process. Messages arrive in the next microtask, as over a network never within `publish`. */
export class MemoryBus implements Bus {
  listener: BusListener | null = null
  readonly healthy = true
  private readonly channels = new Set<string>()

  constructor(private readonly broker: MemoryBroker = new MemoryBroker()) {
    broker.members.add(this)
  }

  async subscribe(channel: string): Promise<void> {
    this.channels.add(channel)
  }

  unsubscribe(channel: string): void {
    this.channels.delete(channel)
  }

  publish(channel: string, message: string): void {
    for (const member of this.broker.members) {
      queueMicrotask(() => {
        if (member.channels.has(channel)) member.listener?.onMessage(channel, message)
      })
    }
  }

  async close(): Promise<void> {
    this.broker.members.delete(this)
    this.channels.clear()
  }
}
