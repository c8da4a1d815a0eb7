import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, Server, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/** connections of the process's own that fill the kernel's queue; with few, Linux answers some handshakes by SYN cookies, unseen */
const FILLERS = 8
/** ms between two attempts, and ms after which the server is closed in any case */
const RETRY_MS = 10
const GIVE_UP_MS = 6000

/** of TCP sockets in /proc/net/tcp */
const SYN_RECV = '03'
const LISTEN = '0A'

/**
 * Closes the listening socket, if there is one, without losing a request; resolves once it is closed. Accepted connections
 * stay open.
 *
 * Closing resets the connections that the kernel has accepted and Node has not, with the requests on them, and a proxy never
 * repeats a POST. So the queue is filled first: it is shortened to FILLERS, and if nobody else had come since Node last
 * accepted, all places go to connections of this process. From then on the kernel ignores new handshakes, whose clients try
 * again a second later and are refused. Otherwise the queue is opened again, and all that it holds is accepted.
 * Under Linux nothing is lost; elsewhere a handshake in progress may be. docs/decisions/0036
 *
 * @param backlog the queue's length until then
 */
export async function stopAccepting(server: Server, backlog: number): Promise<void> {
  const address = server.address()
  if (address === null) return
  // a Unix socket's path
  if (typeof address === 'string') return void close(server)
  const giveUpAt = performance.now() + GIVE_UP_MS
  while (server.listening && !(await closeFilled(server, address, backlog))) {
    if (performance.now() > giveUpAt) return void close(server)
    await setTimeout(RETRY_MS)
  }
}

// Not the HTTP server's own close, which destroys every connection whose first request is still arriving.
const close = (server: Server) => Server.prototype.close.call(server)

/** Returns whether it closed. Synchronous from the first look to the close: Node accepts nothing in between. */
function closeFilled(server: Server, { port, address }: AddressInfo, backlog: number): Promise<boolean> {
  // a server that listens may listen again, with another backlog: uv_listen, which Node's own methods don't offer
  const handle: { listen(backlog: number): number } = Reflect.get(server, '_handle')
  const host = ['::', '0.0.0.0'].includes(address) ? '127.0.0.1' : address
  return new Promise((resolve) => {
    // right after Node has accepted what was queued
    setImmediate(() => {
      // the kernel's queue holds one connection more than it is told
      handle.listen(FILLERS - 1)
      const fillers = Array.from({ length: FILLERS }, () => connect(port, host).on('error', () => {}))
      // by then they are connected, if there was a place: within one machine the kernel does it at once
      process.nextTick(() => {
        const isOurs = fillers.every(isConnected) && isQueueFilled(port)
        if (isOurs) close(server)
        else handle.listen(backlog)
        for (const filler of fillers) filler.destroy()
        resolve(isOurs)
      })
    })
  })
}

/** The system's word, without a turn of the event loop, in which Node would accept. */
function isConnected(socket: Socket): boolean {
  const handle: { getpeername(into: object): number } | null = Reflect.get(socket, '_handle')
  return handle?.getpeername({}) === 0
}

/** Whether a queue of the port holds the fillers only, and no handshake is in progress. True where there is no /proc/net. */
function isQueueFilled(port: number): boolean {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const sockets = ['tcp', 'tcp6']
    .flatMap(linesOf)
    .map((line) => line.trim().split(/\s+/, 5))
    .filter(([, local]) => local?.endsWith(suffix))
  const queued = sockets
    .filter(([, , , state]) => state === LISTEN)
    .map(([, , , , queues]) => Number.parseInt(queues?.split(':')[1] ?? '', 16))
  const isQueueOurs = queued.length === 0 || queued.includes(FILLERS)
  return isQueueOurs && !sockets.some(([, , , state]) => state === SYN_RECV)
}

function linesOf(family: string): string[] {
  try {
    return readFileSync(`/proc/net/${family}`, 'latin1').split('\n')
  } catch {
    return []
  }
}
