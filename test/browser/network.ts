import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** The network between a browser and the service: it can be cut, fall silent, and come back. */
export interface Network {
  /** what a browser opens instead of the service's own address */
  url: string
  /** cuts every connection and lets none be made */
  cut(): void
  /** keeps every connection and carries nothing any more, as a Wi-Fi does that was left */
  silence(): void
  /** new connections are carried again; the silent ones stay lost */
  restore(): void
}

export async function openNetwork(
  t: { teardown(fn: () => unknown): unknown },
  port: number,
): Promise<Network> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) return near.destroy()
    const far = connect(port, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.pipe(other)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    cutAll()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The network does not listen.')

  function cutAll(): void {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut() {
      isCut = true
      cutAll()
    },
    silence() {
      for (const socket of sockets) {
        socket.unpipe()
        socket.pause()
      }
    },
    restore() {
      isCut = false
    },
  }
}
