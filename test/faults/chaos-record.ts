import { digest } from './chaos-cluster.js'
import { comparable, type GroupState } from './chaos-state.js'

/** Everything that one socket received. */
export interface Received {
  who: string
  userId: number
  sessionId: string
  /** the socket's order; null for sockets of the user's theatres */
  orderId: number | null
  /** by group; times in ms since 1970 */
  events: Map<string, { seqs: number[]; times: number[] }>
  snapshots: { group: string; seq: number; at: number }[]
  groups: string[]
  openedAt: number
}

/**
 * Everything that the clients of a run received. Events and snapshots are stored once, as digests: two clients that
 * receive different content for the same seq are a violation, and the rest is compared with the log at the end.
 */
export class Records {
  readonly sockets: Received[] = []
  readonly violations: string[] = []
  /** group -> seq -> digest of name, time and data */
  readonly events = new Map<string, Map<number, string>>()
  /** group -> seq -> the snapshot's state, as `comparable` text */
  readonly snapshots = new Map<string, Map<number, string>>()
  /** how sockets ended, ms since 1970 */
  readonly closes: { code: number; reason: string; at: number }[] = []
  eventCount = 0
  /** longest time from an event's commit to a client */
  latest = { ms: 0, who: '' }

  violation(text: string): void {
    if (this.violations.length < 100) this.violations.push(text)
  }

  open(socket: Omit<Received, 'events' | 'snapshots' | 'groups' | 'openedAt'>): Received {
    const received: Received = {
      ...socket,
      events: new Map(),
      snapshots: [],
      groups: [],
      openedAt: Date.now(),
    }
    this.sockets.push(received)
    return received
  }

  event(
    socket: Received,
    group: string,
    seq: number,
    event: { name: string; at: string; data: unknown },
  ): void {
    this.eventCount++
    const now = Date.now()
    const known = this.events.get(group) ?? new Map<number, string>()
    this.events.set(group, known)
    const is = eventDigest(event.name, event.at, event.data)
    const was = known.get(seq)
    if (was === undefined) known.set(seq, is)
    else if (was !== is)
      this.violation(`${socket.who}: event ${group} ${seq} differs from what others received`)
    const list = socket.events.get(group) ?? { seqs: [], times: [] }
    socket.events.set(group, list)
    list.seqs.push(seq)
    list.times.push(now)
  }

  closed(code: number, reason: string): void {
    this.closes.push({ code, reason, at: Date.now() })
  }

  /** Records the delay of an event to a client that was live before it. */
  late(who: string, ms: number): void {
    if (ms > this.latest.ms) this.latest = { ms, who }
  }

  snapshot(socket: Received, group: string, seq: number, data: GroupState): void {
    socket.snapshots.push({ group, seq, at: Date.now() })
    const known = this.snapshots.get(group) ?? new Map<number, string>()
    this.snapshots.set(group, known)
    const is = comparable(data)
    const was = known.get(seq)
    if (was === undefined) known.set(seq, is)
    else if (was !== is)
      this.violation(`${socket.who}: the snapshot of ${group} at ${seq} differs from what others received`)
  }
}

export const eventDigest = (name: string, at: string, data: unknown): string =>
  digest(`${name} ${at} ${JSON.stringify(data)}`)
