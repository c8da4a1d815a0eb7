import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { testDatabase } from '../test/helpers/database.js'
import { latestBuild } from '../test/helpers/pages.js'
import { TeardownList } from '../test/helpers/teardown.js'
import { Clients, type Target } from './clients.js'
import type { Command, Usage } from './driver.mjs'

// Compares this service with Socket.IO and plain `ws`, each in a process of its own. The main figures are the server's
// CPU time per handshake and per delivery: other load on the machine affects them far less than elapsed time.

const SOCKETS = Number(process.env.BENCH_SOCKETS ?? 1000)
/** sockets opened before anything is measured, so that the code is compiled */
const WARM_UP = 200
const EVENT = {
  id: 1,
  theatreId: 1,
  theatreName: 'Grand Cinema',
  seat: { id: 1, name: 'A1', hall: 'Screen 1' },
  status: 'seen',
  items: [{ menuItemId: 1, name: 'Salted popcorn', quantity: 2, unitPrice: 18_000 }],
  total: 36_000,
}
const PATTERNS = [
  { name: 'one event at a time', events: 1, bursts: 100 },
  { name: '20 events at once', events: 20, bursts: 10 },
] as const

interface Result {
  cookie: string
  handshakeMicros: number
  handshakesPerSecond: number
  bytesPerSocket: number
  deliveryMicros: Map<string, number>
}

class Service {
  private constructor(
    private readonly child: ChildProcess,
    readonly target: Target,
  ) {}

  static async start(file: string, args: readonly string[]): Promise<Service> {
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: ['--expose-gc'] })
    return new Service(child, await nextMessage<Target>(child))
  }

  ask<T>(command: Command): Promise<T> {
    const reply = nextMessage<T>(this.child)
    this.child.send(command)
    return reply
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve))
    this.child.send({ do: 'close' } satisfies Command)
    await ended
  }
}

function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the service exited with ${code}`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message as T)
    })
  })
}

async function measure(file: string, ...args: string[]): Promise<Result> {
  const service = await Service.start(file, args)
  const clients = new Clients(service.target)
  try {
    await clients.open(WARM_UP, 50)
    const before = await service.ask<Usage>({ do: 'usage' })
    const startedAt = performance.now()
    await clients.open(SOCKETS, 50)
    const seconds = (performance.now() - startedAt) / 1000
    const opened = await service.ask<Usage>({ do: 'usage' })
    const deliveryMicros = new Map<string, number>()
    for (const { name, events, bursts } of PATTERNS) {
      const from = await service.ask<Usage>({ do: 'usage' })
      const received = clients.receive(events * bursts, 60_000)
      await service.ask({ do: 'emit', events, bursts, data: EVENT })
      await received
      const to = await service.ask<Usage>({ do: 'usage' })
      deliveryMicros.set(name, (to.cpu - from.cpuAfter) / (events * bursts * clients.size))
    }
    return {
      cookie: service.target.cookie,
      handshakeMicros: (opened.cpu - before.cpuAfter) / SOCKETS,
      handshakesPerSecond: SOCKETS / seconds,
      bytesPerSocket: (opened.retained - before.retained) / SOCKETS,
      deliveryMicros,
    }
  } finally {
    clients.close()
    await service.stop()
  }
}

const opened = new TeardownList()
const database = await testDatabase(opened, { demo: true })
const dataDirectory = mkdtempSync(join(tmpdir(), 'houselights-bench-'))
opened.teardown(() => rmSync(dataDirectory, { recursive: true, force: true }))

const ours = await measure('./service.mjs', latestBuild(), database.url, dataDirectory)
const socketIo = await measure('./socket-io.mjs', database.url, ours.cookie)
const plain = await measure('./plain-ws.mjs')

const peers = [ours, socketIo, plain]
const columns = (first: string, cells: readonly string[]) =>
  console.log(`${first.padEnd(46)}${cells.map((cell) => cell.padStart(13)).join('')}`)
const row = (name: string, digits: number, read: (result: Result) => number) => {
  const [own = 0, ...others] = peers.map(read)
  const values = [own, ...others].map((value) => value.toFixed(digits))
  columns(name, [...values, ...others.map((other) => (own / other).toFixed(2))])
}

console.log()
columns(`${SOCKETS} sockets`, ['houselights', 'Socket.IO', 'plain ws', '/ Socket.IO', '/ plain ws'])
row('handshakes per second', 0, ({ handshakesPerSecond }) => handshakesPerSecond)
row('CPU per handshake (µs)', 0, ({ handshakeMicros }) => handshakeMicros)
row('memory per socket (bytes of heap and buffers)', 0, ({ bytesPerSocket }) => bytesPerSocket)
for (const { name } of PATTERNS) {
  row(`CPU per delivery, ${name} (µs)`, 2, ({ deliveryMicros }) => deliveryMicros.get(name) ?? 0)
}
await opened.closeAll()
process.exit(0)
