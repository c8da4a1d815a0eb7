import { randomUUID } from 'node:crypto'
import { asGroup, type GroupName } from '../protocol/groups.js'
import type { Bus } from './bus/bus.js'
import type { Connection } from './socket/connection.js'

/** The channel on which nodes tell who is present on them. No group can have this name. */
export const PRESENCE_CHANNEL = 'presence'

/** ms between two tellings when nothing changes */
const TELL_EVERY_MS = 4000
/** ms after which a node that is not heard of any more (killed) counts for nothing */
const FORGET_AFTER_MS = 12_000
/** ms in which changes are gathered before the others are told */
const GATHER_MS = 25

interface NodeTable {
  counts: Map<GroupName, number>
  heardAt: number
}

/**
 * How many staff sockets each group has, over all nodes. Every node tells the others its own numbers, on each change
 * and each 4 s; who is silent for 12 s is forgotten. While the bus is down a node knows its own, and what it heard last.
 */
export class Presence {
  private readonly node = randomUUID()
  private readonly own = new Map<GroupName, number>()
  private readonly present = new Map<Connection, readonly GroupName[]>()
  private readonly others = new Map<string, NodeTable>()
  private totals = new Map<GroupName, number>()
  private gathering: NodeJS.Timeout | null = null
  private toldAt = 0

  constructor(
    private readonly bus: Bus,
    /** called when a group's number has changed */
    private readonly onChange: (group: GroupName, staff: number, before: number) => void,
  ) {}

  /** Begins to hear the others, and asks them. */
  async start(): Promise<void> {
    await this.bus.subscribe(PRESENCE_CHANNEL)
    this.tell(true)
  }

  /** A connection shows presence in these groups, in place of those before. One that has ended shows none. */
  show(connection: Connection, wanted: readonly GroupName[]): void {
    const groups = connection.closed ? [] : wanted
    this.change(this.present.get(connection) ?? [], -1)
    this.change(groups, 1)
    if (groups.length > 0) this.present.set(connection, groups)
    else this.present.delete(connection)
  }

  /** Its rights have been looked at: ends its presence where it has none any more, begins it where it had none. */
  readmit(connection: Connection, allowed: ReadonlySet<GroupName>): void {
    const groups = this.present.get(connection)
    const now = groups ? groups.filter((group) => allowed.has(group)) : [...allowed]
    if (now.length !== (groups?.length ?? 0)) this.show(connection, now)
  }

  private change(groups: readonly GroupName[], by: number): void {
    for (const group of groups) {
      const count = (this.own.get(group) ?? 0) + by
      if (count > 0) this.own.set(group, count)
      else this.own.delete(group)
    }
    if (groups.length === 0 || this.gathering) return
    this.gathering = setTimeout(() => {
      this.gathering = null
      this.recount()
      this.tell(false)
    }, GATHER_MS)
  }

  /** Staff sockets of a group, over all nodes. */
  count(group: GroupName): number {
    return this.totals.get(group) ?? 0
  }

  private tell(ask: boolean): void {
    this.toldAt = performance.now()
    this.bus.publish(
      PRESENCE_CHANNEL,
      JSON.stringify({ node: this.node, ask, counts: Object.fromEntries(this.own) }),
    )
  }

  /** What another node tells. Anything that is not of our making is ignored. */
  onMessage(message: string): void {
    const told = readTable(message)
    if (!told || told.node === this.node) return
    this.others.set(told.node, { counts: told.counts, heardAt: performance.now() })
    if (told.gone) this.others.delete(told.node)
    this.recount()
    if (told.ask) this.tell(false)
  }

  /** Called each second. */
  tick(): void {
    const now = performance.now()
    let forgot = false
    for (const [node, { heardAt }] of this.others) {
      if (now - heardAt > FORGET_AFTER_MS) forgot = this.others.delete(node) || forgot
    }
    if (forgot) this.recount()
    if (now - this.toldAt >= TELL_EVERY_MS) this.tell(false)
  }

  private recount(): void {
    const totals = new Map(this.own)
    for (const { counts } of this.others.values()) {
      for (const [group, count] of counts) totals.set(group, (totals.get(group) ?? 0) + count)
    }
    const before = this.totals
    this.totals = totals
    for (const group of new Set([...totals.keys(), ...before.keys()])) {
      const [now, was] = [totals.get(group) ?? 0, before.get(group) ?? 0]
      if (now !== was) this.onChange(group, now, was)
    }
  }

  /** Tells the others that nobody is here any more. */
  close(): void {
    if (this.gathering) clearTimeout(this.gathering)
    this.gathering = null
    this.bus.publish(PRESENCE_CHANNEL, JSON.stringify({ node: this.node, gone: true, counts: {} }))
  }
}

interface Told {
  node: string
  ask: boolean
  gone: boolean
  counts: Map<GroupName, number>
}

function readTable(message: string): Told | null {
  let value: unknown
  try {
    value = JSON.parse(message)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null || !('node' in value) || !('counts' in value)) return null
  const { node, counts } = value
  if (typeof node !== 'string' || typeof counts !== 'object' || counts === null) return null
  const read = new Map<GroupName, number>()
  for (const [name, count] of Object.entries(counts)) {
    const group = asGroup(name)
    if (group && typeof count === 'number' && count > 0) read.set(group, count)
  }
  return {
    node,
    ask: 'ask' in value && value.ask === true,
    gone: 'gone' in value && value.gone === true,
    counts: read,
  }
}
