import { randomUUID } from 'node:crypto'
import { asGroup, type GroupName } from '../protocol/groups.js'
import type { Bus } from './bus/bus.js'
import type { Connection } from './socket/connection.js'

/** The bus channel on which nodes exchange their counts. Not a valid group name, so it never collides. */
export const PRESENCE_CHANNEL = 'presence'

/** ms between announcements while nothing changes */
const ANNOUNCE_EVERY_MS = 4000
/** ms without an announcement after which a node (killed, for example) is no longer counted */
const NODE_TIMEOUT_MS = 12_000
/** ms for which changes are collected before they are announced */
const DEBOUNCE_MS = 25

interface RemoteNode {
  counts: Map<GroupName, number>
  seenAt: number
}

/**
 * Counts the staff sockets of each group over all nodes. Every node announces its own counts at each change and every
 * 4 s; a node that is silent for 12 s is dropped. So while the bus is down a node soon counts only its own sockets.
 */
export class Presence {
  private readonly nodeId = randomUUID()
  private readonly own = new Map<GroupName, number>()
  private readonly present = new Map<Connection, readonly GroupName[]>()
  private readonly remotes = new Map<string, RemoteNode>()
  private totals = new Map<GroupName, number>()
  private debounce: NodeJS.Timeout | null = null
  private announcedAt = 0

  constructor(
    private readonly bus: Bus,
    /** called when a group's total has changed */
    private readonly onChange: (group: GroupName, count: number, before: number) => void,
  ) {}

  /** Subscribes to the other nodes' announcements and requests them. */
  async start(): Promise<void> {
    await this.bus.subscribe(PRESENCE_CHANNEL)
    this.announce(true)
  }

  /** Replaces the groups in which a connection is counted. A closed connection is counted in none. */
  set(connection: Connection, wanted: readonly GroupName[]): void {
    const groups = connection.closed ? [] : wanted
    this.adjust(this.present.get(connection) ?? [], -1)
    this.adjust(groups, 1)
    if (groups.length > 0) this.present.set(connection, groups)
    else this.present.delete(connection)
  }

  /** Applies changed permissions: removes groups no longer allowed; counts a connection that was not counted. */
  applyAllowed(connection: Connection, allowed: ReadonlySet<GroupName>): void {
    const groups = this.present.get(connection)
    const now = groups ? groups.filter((group) => allowed.has(group)) : [...allowed]
    if (now.length !== (groups?.length ?? 0)) this.set(connection, now)
  }

  private adjust(groups: readonly GroupName[], by: number): void {
    for (const group of groups) {
      const count = (this.own.get(group) ?? 0) + by
      if (count > 0) this.own.set(group, count)
      else this.own.delete(group)
    }
    if (groups.length === 0 || this.debounce) return
    this.debounce = setTimeout(() => {
      this.debounce = null
      this.recount()
      this.announce(false)
    }, DEBOUNCE_MS)
  }

  /** Staff sockets of a group, over all nodes. */
  count(group: GroupName): number {
    return this.totals.get(group) ?? 0
  }

  /** `ask` requests an announcement from every other node. */
  private announce(ask: boolean): void {
    this.announcedAt = performance.now()
    this.bus.publish(
      PRESENCE_CHANNEL,
      JSON.stringify({ node: this.nodeId, ask, counts: Object.fromEntries(this.own) }),
    )
  }

  /** Handles another node's announcement. Malformed messages are ignored. */
  onMessage(message: string): void {
    const announcement = parseAnnouncement(message)
    if (!announcement || announcement.node === this.nodeId) return
    const { node, ask, gone, counts } = announcement
    this.remotes.set(node, { counts, seenAt: performance.now() })
    if (gone) this.remotes.delete(node)
    this.recount()
    if (ask) this.announce(false)
  }

  /** Called each second. */
  tick(): void {
    const now = performance.now()
    let dropped = false
    for (const [node, { seenAt }] of this.remotes) {
      if (now - seenAt > NODE_TIMEOUT_MS) dropped = this.remotes.delete(node) || dropped
    }
    if (dropped) this.recount()
    if (now - this.announcedAt >= ANNOUNCE_EVERY_MS) this.announce(false)
  }

  private recount(): void {
    const totals = new Map(this.own)
    for (const { counts } of this.remotes.values()) {
      for (const [group, count] of counts) totals.set(group, (totals.get(group) ?? 0) + count)
    }
    const before = this.totals
    this.totals = totals
    for (const group of new Set([...totals.keys(), ...before.keys()])) {
      const [now, was] = [totals.get(group) ?? 0, before.get(group) ?? 0]
      if (now !== was) this.onChange(group, now, was)
    }
  }

  /** Announces that this node has stopped. */
  close(): void {
    if (this.debounce) clearTimeout(this.debounce)
    this.debounce = null
    this.bus.publish(PRESENCE_CHANNEL, JSON.stringify({ node: this.nodeId, gone: true, counts: {} }))
  }
}

interface Announcement {
  node: string
  ask: boolean
  gone: boolean
  counts: Map<GroupName, number>
}

function parseAnnouncement(message: string): Announcement | null {
  let value: unknown
  try {
    value = JSON.parse(message)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null || !('node' in value) || !('counts' in value)) return null
  const { node, counts } = value
  if (typeof node !== 'string' || typeof counts !== 'object' || counts === null) return null
  const valid = new Map<GroupName, number>()
  for (const [name, count] of Object.entries(counts)) {
    const group = asGroup(name)
    if (group && typeof count === 'number' && count > 0) valid.set(group, count)
  }
  return {
    node,
    ask: 'ask' in value && value.ask === true,
    gone: 'gone' in value && value.gone === true,
    counts: valid,
  }
}
