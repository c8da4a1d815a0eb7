import { connect, createServer, type Socket } from 'node:net'

/** A link that can be cut and held, between a service and what it needs. */
export interface TcpProxy {
  port: number
  /** Cuts all connections and refuses new ones. */
  cut(): void
  /** Connections stay, new ones are taken, and nothing gets through. */
  hold(): void
  /** Everything goes through again; what was held is lost. */
  pass(): void
}

interface Teardown {
  teardown(fn: () => unknown): unknown
}

export async function startTcpProxy(t: Teardown, to: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let mode: 'pass' | 'hold' | 'cut' = 'pass'
  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  }
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((client) => {
    track(client)
    if (mode === 'cut') return client.resetAndDestroy()
    const target = connect(to)
    track(target)
    const forward = (from: Socket, into: Socket) => {
      from.on('data', (bytes) => mode === 'pass' && into.write(bytes))
      from.once('close', () => into.destroy())
    }
    forward(client, target)
    forward(target, client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    destroyAll()
    server.close()
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cut() {
      mode = 'cut'
      destroyAll()
    },
    hold() {
      mode = 'hold'
    },
    pass() {
      // half-said conversations can't go on
      if (mode === 'hold') destroyAll()
      mode = 'pass'
    },
  }
}
