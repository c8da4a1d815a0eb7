import { once } from 'node:events'
import { Agent } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { frame, OPCODE } from '../../test/security/frames.js'
import { type Guest, subscribe, type Target } from './target.js'

export interface StormOptions {
  guests: number
  /** connections at the same time */
  atOnce: number
  /** addresses of this machine from which they come: more than one on Linux and over loopback only */
  addresses: number
}

/** A storm that is ready to begin. */
export interface Storm {
  /** what it has done so far: handshakes, or messages */
  readonly done: number
  /** handshakes that were refused or failed, by status */
  readonly refused: ReadonlyMap<number, number>
  /** Goes on until the signal. */
  run(signal: AbortSignal): Promise<void>
}

export interface Scenario {
  about: string
  prepare(target: Target, options: StormOptions): Promise<Storm>
}

/** What the storms do; each can be run against any node. */
export const SCENARIOS: Record<string, Scenario> = {
  'chat-sends': {
    about:
      'one chat socket of the staff sends to a chat that does not exist, and reads the answers in small bites',
    prepare: async (target) => {
      const text = JSON.stringify({ type: 'send', chat: 2_000_000_000, text: 'x'.repeat(600), clientId: 'a' })
      const { cookie } = await target.signIn(target.options.username)
      const socket: Guest = { path: '/ws/chat-socket/', cookie }
      return messageStorm(target, [socket], Buffer.concat(Array(600).fill(frame(OPCODE.text, text))))
    },
  },
  'guest-messages': {
    about: 'guests send pings on their payment sockets, and read the answers in small bites',
    prepare: async (target, { guests }) => {
      const pings = Buffer.concat(Array(600).fill(frame(OPCODE.text, '{"type":"ping"}')))
      return messageStorm(target, await target.guests(guests), pings)
    },
  },
  'guest-handshakes': {
    about: 'guests open their payment sockets, subscribe and drop them',
    prepare: async (target, options) => handshakeStorm(target, await target.guests(options.guests), options),
  },
  'staff-handshakes': {
    about: 'one session of the staff opens the page of chats, subscribes and drops it',
    prepare: async (target, options) => {
      const { cookie } = await target.signIn(target.options.username)
      // a user may have 20 sockets, and the others need theirs
      return handshakeStorm(target, [{ path: '/ws/chat-socket/', cookie }], { ...options, atOnce: 5 })
    },
  },
  requests: {
    about: 'strangers send requests over many connections, each the next one as soon as one is answered',
    prepare: async (target) => requestStorm(target),
  },
  'admin-pages': {
    about: 'an admin opens the page of all theatres, reads it and opens it again, on some screens',
    prepare: async (target) => {
      const { cookie } = await target.signIn(target.options.admin)
      return pageStorm(target, { path: '/ws/all-seat-datasocket/', cookie }, 3)
    },
  },
}

function handshakeStorm(target: Target, guests: readonly Guest[], options: StormOptions): Storm {
  const refused = new Map<number, number>()
  const storm = {
    done: 0,
    refused,
    async run(signal: AbortSignal) {
      let next = 0
      const work = async () => {
        while (!signal.aborted) {
          const number = next++
          const guest = guests[number % guests.length]
          const address = options.addresses > 1 ? addressOf(number % options.addresses) : undefined
          const socket = guest ? await target.accepted(guest, address) : 0
          storm.done++
          if (typeof socket === 'number') {
            refused.set(socket, (refused.get(socket) ?? 0) + 1)
            await wait(1)
          } else await new Promise<void>((resolve) => subscribe(socket, () => resolve(void socket.destroy())))
        }
      }
      await Promise.all(Array.from({ length: options.atOnce }, work))
    },
  }
  return storm
}

const addressOf = (number: number) => `127.1.${number >> 8}.${number & 255 || 255}`

/** bytes that a socket reads of its answers at a time, and ms between */
const BITE = 4096
const BITE_EVERY_MS = 5

export function messageStorm(target: Target, guests: readonly Guest[], messages: Buffer): Storm {
  const refused = new Map<number, number>()
  const storm = {
    done: 0,
    refused,
    async run(signal: AbortSignal) {
      const flood = async (guest: Guest) => {
        const socket = await target.accepted(guest)
        if (typeof socket === 'number') return void refused.set(socket, (refused.get(socket) ?? 0) + 1)
        subscribe(socket)
        socket.pause()
        const bites = setInterval(() => void socket.read(BITE), BITE_EVERY_MS)
        const closed = new AbortController()
        socket.on('error', () => {}).once('close', () => closed.abort())
        const ended = AbortSignal.any([signal, closed.signal])
        while (!ended.aborted) {
          const isTaken = socket.write(messages)
          if (!isTaken) await once(socket, 'drain', { signal: ended }).catch(() => {})
          storm.done++
        }
        clearInterval(bites)
        socket.destroy()
      }
      await Promise.all(guests.map(flood))
    },
  }
  return storm
}

/** connections of a storm of requests */
export const CONNECTIONS = 100

/** Requests that cost little: many would fit into one iteration of the event loop. */
function requestStorm(target: Target): Storm {
  const refused = new Map<number, number>()
  const storm = {
    done: 0,
    refused,
    async run(signal: AbortSignal) {
      const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
      const ask = async () => {
        while (!signal.aborted) {
          const status = await target.ask(agent)
          storm.done++
          if (status !== 401) refused.set(status, (refused.get(status) ?? 0) + 1)
        }
      }
      await Promise.all(Array.from({ length: CONNECTIONS }, ask))
      agent.destroy()
    },
  }
  return storm
}

/** ms between two openings of one page */
const REOPEN_MS = 500

/** Pages that are opened, read to the last snapshot, and opened again. */
function pageStorm(target: Target, page: Guest, pages: number): Storm {
  const refused = new Map<number, number>()
  const storm = {
    done: 0,
    refused,
    async run(signal: AbortSignal) {
      const reopen = async () => {
        while (!signal.aborted) {
          const socket = await target.accepted(page)
          storm.done++
          if (typeof socket === 'number') refused.set(socket, (refused.get(socket) ?? 0) + 1)
          else await readSnapshots(socket, signal)
          await wait(REOPEN_MS)
        }
      }
      await Promise.all(Array.from({ length: pages }, reopen))
    },
  }
  return storm
}

/** Subscribes, and reads until nothing has come for a while; then closes the socket. */
async function readSnapshots(socket: Socket, signal: AbortSignal): Promise<void> {
  let isReading = true
  socket.on('data', () => {
    isReading = true
  })
  subscribe(socket)
  while (isReading && !signal.aborted && !socket.destroyed) {
    isReading = false
    await wait(REOPEN_MS)
  }
  socket.destroy()
}
