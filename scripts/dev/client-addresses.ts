import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

// Loaded into the service before its own code (--import). The dev proxy connects on behalf of its clients: this gives
// each connection the address of its client, so rate limits and TRUST_PROXY behave as without a proxy.

/** Sent over IPC by the proxy before it writes to a connection, and returned once it may. */
export interface ClientAddressMessage {
  type: 'client-address'
  /** the proxy's local port of the connection */
  port: number
  address: string
}

export function isClientAddressMessage(message: unknown): message is ClientAddressMessage {
  return (
    typeof message === 'object' && message !== null && 'type' in message && message.type === 'client-address'
  )
}

if (process.send) {
  const addresses = new Map<number, string>()
  process.on('message', (message: unknown) => {
    if (!isClientAddressMessage(message)) return
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
