import { digest } from './chaos-cluster.js'
import { comparable, type GroupState } from './chaos-state.js'

/** One socket as its end saw it: for whom it was opened, and what came over it, by the moment. */
export interface Received {
  who: string
  userId: number
  sessionId: string
  /** the order that it is about; null: the theatres of its user */
  orderId: number | null
  /** of events: group, seq, ms since 1970 */
  events: Map<string, { seqs: number[]; times: number[] }>
  snapshots: { group: string; seq: number; at: number }[]
  groups: string[]
  openedAt: number
}

/**
 * What all clients of a run were told. Events and snapshots are kept as digests, once: whoever is told something
 * else of the same seq than another client is a violation at once, and what all agree on is compared with the log.
 */
export class Records {
  readonly sockets: Received[] = []
  readonly violations: string[] = []
  /** group -> seq -> digest of name, moment and data */
  readonly events = new Map<string, Map<number, string>>()
  /** group -> seq -> what snapshots said, as `comparable` writes it */
  readonly snapshots = new Map<string, Map<number, string>>()
  /** how sockets ended, ms since 1970 */
  readonly closes: { code: number; reason: string; at: number }[] = []
  eventCount = 0
  /** ms from an event's commit to a client, at the most, and to whom */
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
      this.violation(`${socket.who}: another event ${group} ${seq} than others were told of`)
    const list = socket.events.get(group) ?? { seqs: [], times: [] }
    socket.events.set(group, list)
    list.seqs.push(seq)
    list.times.push(now)
  }

  closed(code: number, reason: string): void {
    this.closes.push({ code, reason, at: Date.now() })
  }

  /** How late an event came to a client that was there before it. */
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
      this.violation(`${socket.who}: another snapshot of ${group} at ${seq} than others got`)
  }
}

export const eventDigest = (name: string, at: string, data: unknown): string =>
  digest(`${name} ${at} ${JSON.stringify(data)}`)
