import { connect, createServer, type Socket } from 'node:net'
import { listen } from '../helpers/listen.js'
import type { Teardown } from '../helpers/teardown.js'

/** A network between a browser and the service that can be cut, go silent, and be restored. */
export interface Network {
  /** the URL to open instead of the service's own */
  url: string
  /** cuts every connection and accepts none */
  cut(): void
  /** keeps every connection open but forwards nothing, like a Wi-Fi out of range */
  silence(): void
  /** accepts no new connection; open ones stay */
  refuse(): void
  /** forwards new connections again; silent ones stay lost */
  restore(): void
}

export async function openNetwork(t: Teardown, servicePort: number): Promise<Network> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) return near.destroy()
    const far = connect(servicePort, '127.0.0.1')
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
  const port = await listen(server)
  t.teardown(() => {
    cutAll()
    server.close()
  })

  function cutAll(): void {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://127.0.0.1:${port}`,
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
    refuse() {
      isCut = true
    },
    restore() {
      isCut = false
    },
  }
}
