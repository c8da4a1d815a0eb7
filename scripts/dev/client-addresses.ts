import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

// Loaded into the service before its own code (--import). The front connects in the name of its clients: this gives
// each connection its client's address, so the service judges addresses and trusts proxies as it does without a front.

/** What the front sends over IPC before it writes to a connection, and gets back once it may write. */
export interface PeerMessage {
  type: 'peer'
  /** the front's own port of the connection */
  port: number
  address: string
}

export function isPeerMessage(message: unknown): message is PeerMessage {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'peer'
}

if (process.send) {
  const addresses = new Map<number, string>()
  process.on('message', (message: unknown) => {
    if (!isPeerMessage(message)) return
    addresses.set(message.port, message.address)
    process.send?.(message)
  })
  subscribe('net.server.socket', (event) => {
    const { socket } = event as { socket: Socket }
    const { remotePort = 0, remoteAddress } = socket
    const get = () => addresses.get(remotePort) ?? remoteAddress
    Object.defineProperty(socket, 'remoteAddress', { get, configurable: true })
    socket.once('close', () => addresses.delete(remotePort))
  })
}
