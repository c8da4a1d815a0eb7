import type { Connection } from './connection.js'
import { type Feed, RING_EVENTS } from './feed.js'
import { encodeSnapshot } from './wires/v1.js'

/** Events of one read of the log for a reader that is far behind: what it may cost this node's memory. */
const LOG_READ_EVENTS = 100

/**
 * One connection in one group: a position, not a queue. What the connection has not taken yet is nowhere kept for
 * it; it is cut again from the feed's ring, or read from the log, when its socket has room.
 */
export class Member {
  /** seq of the last event handed over, or that the client said it has */
  position = 0
  /** positioned and free to be written to; not so while a cursor, a snapshot or the log is being read */
  private ready = false
  private left = false

  constructor(
    readonly feed: Feed,
    readonly connection: Connection,
  ) {}

  get group(): string {
    return this.feed.group
  }

  /** Hears everything from now on, nothing before. One synchronous step: no event falls between. */
  joinAtHead(): void {
    this.position = this.feed.head
    this.ready = true
    this.feed.members.add(this)
  }

  /** Hears everything after its cursor; where that can't be promised (null, unknown, too old), a snapshot first. */
  async joinAfter(cursor: number | null): Promise<void> {
    this.feed.members.add(this)
    if (cursor === null) return this.takeSnapshot()
    // ahead of this node, perhaps not of the log: only the log knows
    if (cursor > this.feed.head) {
      const head = await this.connection.host.readHead(this.feed.group)
      if (cursor > head) return this.takeSnapshot()
      this.feed.announce(head)
    }
    this.position = cursor
    if (cursor < this.feed.ring.tail) {
      if (cursor >= this.feed.head - RING_EVENTS) await this.feed.fillRing()
      if (this.position < this.feed.ring.tail) return this.readLog()
    }
    this.ready = true
    this.pump()
  }

  leave(): void {
    this.left = true
    this.feed.members.delete(this)
  }

  /** The feed can't tell what lies between this member's position and its own: start over from a snapshot. */
  lost(): void {
    this.ready = false
    if (this.connection.wire.resumes) this.connection.run(() => this.takeSnapshot())
    else this.joinAtHead()
  }

  /** Writes what stands between its position and the head, as far as the socket has room. Never waits. */
  pump(): void {
    const { feed, connection } = this
    while (this.ready && this.position < feed.head && connection.hasRoom) {
      const slice = feed.sliceAfter(connection.wire, this.position)
      if (!slice) {
        if (!connection.wire.resumes) this.position = feed.head
        else {
          this.ready = false
          connection.run(() => this.readLog())
        }
        return
      }
      this.position = slice.to
      if (slice.bytes.length > 0) connection.write(slice.bytes)
    }
  }

  private async takeSnapshot(): Promise<void> {
    this.ready = false
    const { feed, connection } = this
    for (;;) {
      const { seq, epoch, data } = await feed.readSnapshot()
      await connection.host.reachEpoch(epoch)
      while (connection.isHeld) await connection.whenReleased()
      if (this.left || connection.closed) return
      // a shared one that the ring has left behind by now
      if (seq < feed.ring.tail) {
        feed.forgetSnapshot()
        continue
      }
      connection.write(encodeSnapshot(feed.group, seq, data))
      this.position = seq
      break
    }
    this.ready = true
    this.pump()
  }

  /** Reads on from the log in batches until the ring can serve; where the log forgot, from a snapshot. */
  private async readLog(): Promise<void> {
    this.ready = false
    const { feed, connection } = this
    while (this.position < feed.ring.tail) {
      while (!connection.hasRoom && !connection.closed) await connection.whenRoom()
      if (this.left || connection.closed) return
      const events = await connection.host.readLog(feed.group, this.position, LOG_READ_EVENTS)
      let expected = this.position
      for (const event of events) if (event.seq !== ++expected) return this.takeSnapshot()
      if (events.length === 0) return this.takeSnapshot()
      await connection.host.reachEpoch(Math.max(...events.map((event) => event.epoch)))
      while (connection.isHeld) await connection.whenReleased()
      if (this.left || connection.closed) return
      const frames: Buffer[] = []
      for (const event of events) {
        const frame = connection.wire.encode(event)
        if (frame) frames.push(frame)
      }
      this.position = expected
      connection.write(Buffer.concat(frames))
    }
    this.ready = true
    this.pump()
  }
}
