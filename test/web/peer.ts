import { once } from 'node:events'
import { connect } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { parseClientMessage } from '../../src/protocol/client-messages.js'
import type { ClientMessage, ServerMessage } from '../../src/protocol/messages.js'
import { createServerTime } from '../../web/lib/server-time.js'
import type { Clock } from '../../web/live/connection.js'
import { portOf } from '../helpers/listen.js'
import { until } from '../helpers/until.js'

export interface Peer {
  socket: WebSocket
  received: ClientMessage[]
  send(message: object): void
}

/** A scripted service on real sockets. */
export class PeerServer {
  readonly peers: Peer[] = []
  /** while true, each handshake is refused before the upgrade */
  refusing = false
  #server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    verifyClient: () => !this.refusing,
    handleProtocols: () => 'houselights.v1',
  })

  async listen(): Promise<string> {
    this.#server.on('connection', (socket) => {
      const received: ClientMessage[] = []
      socket.on('message', (data) => {
        const parsed = parseClientMessage(String(data))
        if (parsed.ok) received.push(parsed.message)
      })
      this.peers.push({ socket, received, send: (message) => socket.send(JSON.stringify(message)) })
    })
    if (!this.#server.address()) await once(this.#server, 'listening')
    return `ws://127.0.0.1:${portOf(this.#server)}/`
  }

  peer(index: number): Promise<Peer> {
    return until(() => this.peers[index], `connection ${index + 1}`)
  }

  async close(): Promise<void> {
    for (const { socket } of this.peers) socket.terminate()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** A greeting with all groups at position 0, except those given. `now`: the service's time. */
export function hello(groups: string[], at: Record<string, number> = {}, now?: string): ServerMessage {
  const user = { id: 1, username: 'staff', role: 'staff' as const, theatres: [] }
  const positions = { ...Object.fromEntries(groups.map((group) => [group, 0])), ...at }
  const sessionExpiresAt = '2026-11-23T20:00:00.000Z'
  const greeting = { type: 'hello' as const, connection: 'c', user, groups, positions, sessionExpiresAt }
  return now === undefined ? greeting : { ...greeting, now }
}

export function event(group: string, seq: number, data: unknown = seq, name = 'order.seen'): object {
  return { type: 'event', group, seq, name, at: '2026-11-23T20:00:00.000Z', data }
}

/** A manual clock that exposes the pending waits. */
export class ManualClock implements Clock {
  #now = 1_000_000
  #serverTime = createServerTime(() => this.#now, 0)
  readonly serverNow = this.#serverTime.now
  readonly noteServerTime = this.#serverTime.note
  #waits = new Set<{ at: number; run: () => void }>()

  now(): number {
    return this.#now
  }

  after(milliseconds: number, run: () => void): () => void {
    const wait = { at: this.#now + milliseconds, run }
    this.#waits.add(wait)
    return () => this.#waits.delete(wait)
  }

  /** The remaining milliseconds of each pending wait, shortest first. */
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

/** A URL whose port is closed. */
export async function deadUrl(): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const port = portOf(server)
  await new Promise((resolve) => server.close(resolve))
  await new Promise((resolve) => connect(port, '127.0.0.1').once('error', resolve))
  return `ws://127.0.0.1:${port}/`
}
