import type { StoredEvent } from '../events/event-log.js'
import { encodeEventFrame } from './socket/frames.js'

/** Framed events after one position up to `to`, shared by every reader at that position. */
export interface Slice {
  bytes: Buffer
  to: number
}

interface Entry {
  event: StoredEvent
  /** encoded when first needed */
  frame: Buffer | null
}

const EMPTY = Buffer.alloc(0)
/** slices cached per head: nearly all readers are at the same position */
const CACHED_SLICES = 8

/** The most recent events of one group, gapless up to the head. Bounded in number and in bytes of data. */
export class Ring {
  private entries: Entry[] = []
  private bytes = 0
  private readonly slices = new Map<number, Slice>()

  constructor(
    /** seq of the newest event that this node has accepted */
    public head: number,
    private readonly maxEvents: number,
    private readonly maxBytes: number,
  ) {}

  /** The position before the oldest event in the ring: the lowest one from which a reader can be served. */
  get tail(): number {
    return this.head - this.entries.length
  }

  get size(): number {
    return this.entries.length
  }

  push(event: StoredEvent): void {
    if (event.seq !== this.head + 1) throw new RangeError(`expected event ${this.head + 1}, got ${event.seq}`)
    this.entries.push({ event, frame: null })
    this.bytes += event.data.length
    this.head = event.seq
    this.slices.clear()
    // trimmed in blocks: shifting the array for each event would cost as much as delivering it
    if (this.entries.length > this.maxEvents * 1.25 || this.bytes > this.maxBytes * 1.25) this.trim()
  }

  /** Adds older events, the last of which must be the one at `tail`. */
  prepend(events: readonly StoredEvent[]): void {
    const last = events.at(-1)
    if (!last) return
    if (last.seq !== this.tail)
      throw new RangeError(`expected events up to ${this.tail}, got them up to ${last.seq}`)
    this.entries.unshift(...events.map((event) => ({ event, frame: null })))
    for (const event of events) this.bytes += event.data.length
    this.trim()
  }

  /** Removes all events; the next one must be `head + 1`. */
  restart(head: number): void {
    this.entries = []
    this.bytes = 0
    this.slices.clear()
    this.head = head
  }

  private trim(): void {
    let drop = Math.max(0, this.entries.length - this.maxEvents)
    let left = this.bytes
    for (let i = 0; i < drop; i++) left -= this.entries[i]?.event.data.length ?? 0
    while (left > this.maxBytes && drop < this.entries.length - 1) {
      left -= this.entries[drop]?.event.data.length ?? 0
      drop++
    }
    if (drop > 0) this.entries.splice(0, drop)
    this.bytes = left
  }

  /**
   * Returns the next slice for a reader at `position`: up to `maxBytes`, but at least one event. Null when the position
   * is older than the ring. The cache ignores `maxBytes`: pass the same value in every call.
   */
  sliceAfter(position: number, maxBytes: number): Slice | null {
    if (position >= this.head) return { bytes: EMPTY, to: this.head }
    const from = position - this.tail
    if (from < 0) return null
    const cached = this.slices.get(position)
    if (cached) return cached
    const slice = this.cut(from, maxBytes)
    if (this.slices.size >= CACHED_SLICES) this.slices.clear()
    this.slices.set(position, slice)
    return slice
  }

  private cut(from: number, maxBytes: number): Slice {
    const parts: Buffer[] = []
    let length = 0
    let index = from
    for (; index < this.entries.length; index++) {
      const entry = this.entries[index]
      if (!entry) break
      entry.frame ??= encodeEventFrame(entry.event)
      const { frame } = entry
      if (length > 0 && length + frame.length > maxBytes) break
      parts.push(frame)
      length += frame.length
    }
    const first = parts[0]
    const bytes = parts.length === 1 && first ? first : Buffer.concat(parts, length)
    return { bytes, to: this.tail + index }
  }
}
