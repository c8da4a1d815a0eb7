import { type Feed, type FeedReader, RING_EVENTS, SLICE_BYTES } from './feed.js'
import type { Connection, Subscription } from './socket/connection.js'
import { encodeEventFrame } from './socket/frames.js'

/** Events of one read of the log for a reader that is far behind: what it may cost this node's memory. */
const LOG_READ_EVENTS = 100

/**
 * One connection in one group: a position, not a queue. What the connection has not taken yet is nowhere kept for
 * it; it is cut again from the feed's ring, or read from the log, when its socket has room.
 */
export class Member implements FeedReader, Subscription {
  /** seq of the last event handed over, or that the client said it has */
  position = 0
  /** how many are present has changed, and the socket had no room for it */
  owesPresence = false
  /** the ring can serve it: free to be written to */
  private ready = false
  private left = false
  private catchingUp = false
  private needsSnapshot = false
  /** a cursor ahead of this node, perhaps not of the log */
  private unproven = false

  constructor(
    readonly feed: Feed,
    readonly connection: Connection,
  ) {}

  private get isOver(): boolean {
    return this.left || this.connection.closed
  }

  /** Hears everything after its cursor; where that can't be promised (null, unknown, too old), a snapshot first. */
  join(cursor: number | null): void {
    this.feed.members.add(this)
    this.position = cursor ?? 0
    this.needsSnapshot = cursor === null
    this.unproven = this.position > this.feed.head
    this.catchUp()
  }

  leave(): void {
    this.left = true
    this.ready = false
    this.feed.members.delete(this)
  }

  /** Writes what stands between its position and the head, as far as the socket has room. Never waits. */
  pump(): void {
    const { feed, connection } = this
    while (this.ready && this.position < feed.head && connection.hasRoom) {
      const slice = feed.sliceAfter(this.position)
      if (!slice) return this.catchUp()
      this.position = slice.to
      connection.write(slice.bytes)
    }
    // whatever fills the socket (a pong of `ws` too), what is left goes out behind it
    if (this.ready && this.position < feed.head) connection.goOnWhenDrained()
  }

  sendPresence(frame: Buffer): void {
    if (this.connection.hasRoom) return this.connection.write(frame)
    this.owesPresence = true
    this.connection.goOnWhenDrained()
  }

  private catchUp(): void {
    this.ready = false
    if (this.catchingUp) return
    this.catchingUp = true
    this.connection.run(() => this.reachRing())
  }

  /** Goes on from wherever it stands until the ring can serve it; so it may be called again after a failure. */
  private async reachRing(): Promise<void> {
    const { feed, connection } = this
    let mayFillRing = true
    while (!this.isOver) {
      if (this.needsSnapshot) await this.takeSnapshot()
      else if (this.unproven) await this.proveCursor()
      else if (this.position >= feed.ring.tail) break
      else if (mayFillRing && this.position >= feed.head - RING_EVENTS) {
        mayFillRing = false
        await feed.fillRing()
      } else await this.readLog()
    }
    this.catchingUp = false
    this.ready = !this.left
    if (!connection.closed) this.pump()
  }

  private async proveCursor(): Promise<void> {
    const head = await this.connection.host.readHead(this.feed.group)
    this.unproven = false
    if (this.position > head) this.needsSnapshot = true
    else void this.feed.announce(head)
  }

  private async takeSnapshot(): Promise<void> {
    const { feed, connection } = this
    await this.room()
    if (this.isOver) return
    const { seq, epoch, frame } = await feed.readSnapshot()
    await connection.host.reachEpoch(epoch)
    await this.room()
    // a shared one may be left behind by the ring by now
    if (this.isOver || seq < feed.ring.tail) return
    this.needsSnapshot = false
    this.unproven = false
    this.position = seq
    connection.write(frame)
  }

  /** One batch, no more of it than one write may hold; where the log forgot, a snapshot is next. */
  private async readLog(): Promise<void> {
    const { feed, connection } = this
    await this.room()
    if (this.isOver) return
    const events = await connection.host.readLog(feed.group, this.position, LOG_READ_EVENTS)
    if (!events.every(({ seq }, i) => seq === this.position + 1 + i) || events.length === 0) {
      this.needsSnapshot = true
      return
    }
    await connection.host.reachEpoch(Math.max(...events.map((event) => event.epoch)))
    await this.room()
    if (this.isOver || this.needsSnapshot) return
    const frames: Buffer[] = []
    let bytes = 0
    for (const event of events) {
      const frame = encodeEventFrame(event)
      if (bytes > 0 && bytes + frame.length > SLICE_BYTES) break
      this.position = event.seq
      frames.push(frame)
      bytes += frame.length
    }
    if (bytes > 0) connection.write(Buffer.concat(frames, bytes))
  }

  /** Resolves when the socket has room and is not held, or all is over. Look again: nothing is promised after it. */
  private async room(): Promise<void> {
    while (!this.connection.hasRoom && !this.isOver) await this.connection.whenRoom()
  }
}
