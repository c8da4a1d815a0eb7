import { connect, createServer, type Socket } from 'node:net'
import { listen } from './listen.js'
import type { Teardown } from './teardown.js'

/** A link that can be cut and held, between a service and what it needs. */
export interface TcpProxy {
  port: number
  /** Cuts all connections and refuses new ones. */
  cut(): void
  /** Connections stay, new ones are taken, and nothing gets through. */
  hold(): void
  /** Everything goes through again; what was held is lost. */
  pass(): void
  /** The next connection is taken, and nothing of it gets through. */
  ignoreNext(): void
  /** connections that were ignored so far */
  readonly ignored: number
}

export interface TcpProxyOptions {
  host: string
  port: number
  /** cuts and holds only connections whose client's first bytes contain this; all unless given */
  only?: string
}

/** `to` may be changed: new connections lead to where it points by then. */
export async function startTcpProxy(t: Teardown, to: TcpProxyOptions): Promise<TcpProxy> {
  const { only = '' } = to
  const sockets = new Set<Socket>()
  let mode: 'pass' | 'hold' | 'cut' = 'pass'
  let ignoresNext = false
  const ignoredClients = new Set<Socket>()
  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  }
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  const chosen = new WeakSet<Socket>()
  const destroyChosen = () => {
    for (const socket of sockets) if (chosen.has(socket)) socket.destroy()
  }
  const server = createServer((client) => {
    track(client)
    if (mode === 'cut' && only === '') return client.resetAndDestroy()
    const target = connect(to.port, to.host)
    track(target)
    const choose = () => {
      for (const socket of [client, target]) chosen.add(socket)
      if (mode === 'cut') client.resetAndDestroy()
      if (ignoresNext) ignoredClients.add(client)
      ignoresNext = false
    }
    if (only === '') choose()
    else client.once('data', (bytes) => bytes.includes(only) && choose())
    const forward = (from: Socket, into: Socket) => {
      from.on('data', (bytes) => {
        const isHeld = mode !== 'pass' && chosen.has(from)
        if (!isHeld && !ignoredClients.has(client)) into.write(bytes)
      })
      from.once('close', () => into.destroy())
    }
    forward(client, target)
    forward(target, client)
  })
  const port = await listen(server)
  t.teardown(() => {
    destroyAll()
    server.close()
  })
  return {
    port,
    cut() {
      mode = 'cut'
      destroyChosen()
    },
    hold() {
      mode = 'hold'
    },
    pass() {
      // half-said conversations can't go on
      if (mode === 'hold') destroyChosen()
      mode = 'pass'
    },
    ignoreNext() {
      ignoresNext = true
    },
    get ignored() {
      return ignoredClients.size
    },
  }
}
