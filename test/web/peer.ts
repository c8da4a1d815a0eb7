import { once } from 'node:events'
import { connect } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { type ClientMessage, parseClientMessage, type ServerMessage } from '../../src/protocol/messages.js'
import type { Clock } from '../../web/live/connection.js'

const DEADLINE = 3000

/** Resolves as soon as `holds` answers with something; fails after three seconds, naming what was waited for. */
export async function until<T>(what: string, holds: () => T | null | undefined | false): Promise<T> {
  const end = Date.now() + DEADLINE
  for (;;) {
    const found = holds()
    if (found) return found
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

function portOf(server: WebSocketServer): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server does not listen.')
  return address.port
}

export interface Peer {
  socket: WebSocket
  heard: ClientMessage[]
  say(message: ServerMessage): void
}

/** The service's side of the wire, played by hand over real sockets. */
export class PeerServer {
  readonly peers: Peer[] = []
  /** while true each handshake is refused, before the upgrade */
  refusing = false
  #server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    verifyClient: () => !this.refusing,
    handleProtocols: () => 'houselights.v1',
  })

  async listen(): Promise<string> {
    this.#server.on('connection', (socket) => {
      const heard: ClientMessage[] = []
      socket.on('message', (data) => {
        const parsed = parseClientMessage(String(data))
        if (parsed.ok) heard.push(parsed.message)
      })
      this.peers.push({ socket, heard, say: (message) => socket.send(JSON.stringify(message)) })
    })
    if (!this.#server.address()) await once(this.#server, 'listening')
    return `ws://127.0.0.1:${portOf(this.#server)}/`
  }

  peer(index: number): Promise<Peer> {
    return until(`connection ${index + 1}`, () => this.peers[index])
  }

  async close(): Promise<void> {
    for (const { socket } of this.peers) socket.terminate()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** All groups stand at 0, but for those whose positions are given. */
export function hello(groups: string[], at: Record<string, number> = {}): ServerMessage {
  const user = { id: 1, username: 'staff', role: 'staff' as const, theatres: [] }
  const positions = { ...Object.fromEntries(groups.map((group) => [group, 0])), ...at }
  const sessionExpiresAt = '2026-11-23T20:00:00.000Z'
  return { type: 'hello', connection: 'c', user, groups, positions, sessionExpiresAt }
}

export function event(group: string, seq: number, data: unknown = seq, name = 'order.seen'): ServerMessage {
  return { type: 'event', group, seq, name, at: '2026-11-23T20:00:00.000Z', data }
}

/** A clock that runs only when told, over which a client's waits can be seen. */
export class HandClock implements Clock {
  #now = 1_000_000
  #waits = new Set<{ at: number; run: () => void }>()

  now(): number {
    return this.#now
  }

  after(milliseconds: number, run: () => void): () => void {
    const wait = { at: this.#now + milliseconds, run }
    this.#waits.add(wait)
    return () => this.#waits.delete(wait)
  }

  /** How long each wait that stands still has to go, shortest first. */
  waits(): number[] {
    return [...this.#waits].map(({ at }) => at - this.#now).sort((a, b) => a - b)
  }

  advance(milliseconds: number): void {
    const end = this.#now + milliseconds
    for (;;) {
      const due = [...this.#waits].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      this.#waits.delete(due)
      this.#now = due.at
      due.run()
    }
    this.#now = end
  }
}

/** A port on which nobody listens. */
export async function deadUrl(): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const port = portOf(server)
  await new Promise((resolve) => server.close(resolve))
  await new Promise((resolve) => connect(port, '127.0.0.1').once('error', resolve))
  return `ws://127.0.0.1:${port}/`
}
