/** What a service under load offers to the bench, which runs it in a process of its own. */
export interface Driver {
  url: string
  cookie: string
  /** the subprotocol to offer; a client that offers one subscribes, too */
  protocol: string | null
  /** Sends `events` to every socket. */
  emit(events: number, data: unknown): Promise<void>
  close(): Promise<void>
}

export type Command =
  | { do: 'usage' }
  | { do: 'emit'; events: number; bursts: number; data: unknown }
  | { do: 'close' }

export interface Usage {
  /** µs of CPU, user and system, since the process began, up to this question */
  cpu: number
  /** the same once it was answered: a collection is part of the question, not of what is measured */
  cpuAfter: number
  /** bytes of the heap and of buffers beside it, after a collection: what is held, whatever the system still lends */
  held: number
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Runs a driver in a child process and obeys its parent. */
export async function serve(start: () => Promise<Driver>): Promise<void> {
  const driver = await start()
  const tell = (message: unknown) => process.send?.(message)
  process.on('message', async (command: Command) => {
    if (command.do === 'usage') {
      const cpu = cpuMicros()
      // twice: what the first finds weakly held goes with the second
      for (let i = 0; i < 2; i++) globalThis.gc?.()
      const { heapUsed, external } = process.memoryUsage()
      const usage: Usage = { cpu, cpuAfter: cpuMicros(), held: heapUsed + external }
      tell(usage)
    } else if (command.do === 'emit') {
      for (let i = 0; i < command.bursts; i++) await driver.emit(command.events, command.data)
      tell({ emitted: true })
    } else {
      await driver.close()
      process.exit(0)
    }
  })
  tell({ url: driver.url, cookie: driver.cookie, protocol: driver.protocol })
}
