import { request } from 'node:http'
import { connect, type Socket } from 'node:net'

/** ms between two looks at /readyz, and what one may take */
const LOOK_EVERY_MS = 500
const LOOK_MS = 1000
/** ms that a connection to a node on this machine may take */
const CONNECT_MS = 1000

interface Place {
  readonly port: number
  ready: boolean
}

/** The nodes behind the front: which of them to ask, in turn, without sticky sessions. */
export class NodePool {
  private readonly places: Place[]
  private turn = 0
  private readonly ticker: NodeJS.Timeout

  constructor(ports: readonly number[]) {
    this.places = ports.map((port) => ({ port, ready: false }))
    this.ticker = setInterval(() => void this.look(), LOOK_EVERY_MS)
  }

  /** Ports in the order in which to try them: those that are ready, in turn, then the others: they may be by now. */
  inTurn(): number[] {
    const ready = this.places.filter((place) => place.ready)
    const from = this.turn++ % Math.max(1, ready.length)
    const others = this.places.filter((place) => !place.ready)
    return [...ready.slice(from), ...ready.slice(0, from), ...others].map(({ port }) => port)
  }

  get readyCount(): number {
    return this.places.filter(({ ready }) => ready).length
  }

  /** Asks every node whether it is ready. */
  async look(): Promise<void> {
    await Promise.all(
      this.places.map(async (place) => {
        place.ready = await isReady(place.port)
      }),
    )
  }

  /** A connection to the first of these nodes that takes one, and the nodes after it. Null: none does. */
  async connect(ports: readonly number[]): Promise<{ socket: Socket; rest: number[] } | null> {
    for (const [at, port] of ports.entries()) {
      const socket = await open(port)
      if (socket) return { socket, rest: ports.slice(at + 1) }
      for (const place of this.places) if (place.port === port) place.ready = false
    }
    return null
  }

  close(): void {
    clearInterval(this.ticker)
  }
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(
      { host: '127.0.0.1', port, path: '/readyz', agent: false, timeout: LOOK_MS },
      (answer) => {
        resolve(answer.statusCode === 200)
        answer.resume()
      },
    )
    const timer = setTimeout(() => asked.destroy(), LOOK_MS)
    asked.once('error', () => resolve(false))
    asked.once('close', () => {
      clearTimeout(timer)
      resolve(false)
    })
    asked.end()
  })
}

function open(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    const timer = setTimeout(() => socket.destroy(), CONNECT_MS)
    socket.once('error', () => {})
    socket.once('close', () => resolve(null))
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.removeAllListeners('close')
      resolve(socket)
    })
  })
}
