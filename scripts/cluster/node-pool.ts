import { request } from 'node:http'
import { connect, type Socket } from 'node:net'

/** ms between two probes of /readyz, and the deadline of one */
const PROBE_EVERY_MS = 500
const PROBE_MS = 1000
/** ms that connecting to a node on this machine may take */
const CONNECT_MS = 1000

interface Upstream {
  readonly port: number
  ready: boolean
}

/** The nodes behind the front proxy: round robin over those that are ready, without sticky sessions. */
export class NodePool {
  private readonly upstreams: Upstream[]
  private next = 0
  private readonly timer: NodeJS.Timeout

  constructor(ports: readonly number[]) {
    this.upstreams = ports.map((port) => ({ port, ready: false }))
    this.timer = setInterval(() => void this.probe(), PROBE_EVERY_MS)
  }

  /** All ports in the order in which to try them: ready nodes round robin, then the others, which may be ready by now. */
  order(): number[] {
    const ready = this.upstreams.filter((upstream) => upstream.ready)
    const first = this.next++ % Math.max(1, ready.length)
    const others = this.upstreams.filter((upstream) => !upstream.ready)
    return [...ready.slice(first), ...ready.slice(0, first), ...others].map(({ port }) => port)
  }

  /** Asks every node whether it is ready. */
  async probe(): Promise<void> {
    await Promise.all(
      this.upstreams.map(async (upstream) => {
        upstream.ready = await isReady(upstream.port)
      }),
    )
  }

  /** Connects to the first of the ports that accepts. `rest`: the ports after it. null: none accepts. */
  async connect(ports: readonly number[]): Promise<{ socket: Socket; rest: number[] } | null> {
    for (const [at, port] of ports.entries()) {
      const socket = await open(port)
      if (socket) return { socket, rest: ports.slice(at + 1) }
      for (const upstream of this.upstreams) if (upstream.port === port) upstream.ready = false
    }
    return null
  }

  close(): void {
    clearInterval(this.timer)
  }
}

/** Whether the node on this port answers /readyz with 200. */
export function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request({ host: '127.0.0.1', port, path: '/readyz', agent: false }, (response) => {
      resolve(response.statusCode === 200)
      response.resume()
    })
    const timer = setTimeout(() => probe.destroy(), PROBE_MS)
    probe.once('error', () => resolve(false))
    probe.once('close', () => {
      clearTimeout(timer)
      resolve(false)
    })
    probe.end()
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
