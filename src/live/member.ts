import { type Feed, type FeedReader, RING_EVENTS, SLICE_BYTES } from './feed.js'
import type { Connection, Subscription } from './socket/connection.js'
import { encodeEventFrame } from './socket/frames.js'

/** Events per log read for a reader that is behind the ring: bounds the memory it costs. */
const LOG_READ_EVENTS = 100

/**
 * One connection's membership in one group: a position, not a queue. Nothing is buffered for a slow reader. When its
 * socket is writable again, it continues from the feed's ring or, if it is behind that, from the log.
 */
export class Member implements FeedReader, Subscription {
  /** seq of the last event written, or the client's cursor */
  position = 0
  owesPresence = false
  /** its position is in the ring: `pump` may write */
  private ready = false
  private left = false
  private catchingUp = false
  private needsSnapshot = false
  /** the ring was not filled yet in this run */
  private mayFillRing = true
  /** the cursor is ahead of this node's head; the log's head decides whether it is valid */
  private unverified = false

  constructor(
    readonly feed: Feed,
    readonly connection: Connection,
  ) {}

  /** Nothing is read for it any more. */
  get isDetached(): boolean {
    return this.left || this.connection.closed
  }

  get isCustomer(): boolean {
    return this.connection.sessionState.principal.role === 'customer'
  }

  /** Starts after the cursor, or with a snapshot if the cursor is null, not yet committed or older than the log. */
  join(cursor: number | null): void {
    this.feed.members.add(this)
    this.position = cursor ?? 0
    this.needsSnapshot = cursor === null
    this.unverified = this.position > this.feed.head
    this.catchUp()
  }

  leave(): void {
    this.left = true
    this.ready = false
    this.feed.remove(this)
  }

  /** Writes the events between its position and the head while the socket is writable. Synchronous. */
  pump(): void {
    const { feed, connection } = this
    while (this.ready && this.position < feed.head && connection.isWritable) {
      const slice = feed.sliceAfter(this.position)
      if (!slice) return this.catchUp()
      this.position = slice.to
      connection.write(slice.bytes)
    }
    // pending bytes may be another's, such as a pong of `ws`: continue once they are accepted
    if (this.ready && this.position < feed.head) connection.resumeWhenDrained()
  }

  sendPresence(frame: Buffer): void {
    if (this.connection.isWritable) return this.connection.write(frame)
    this.owesPresence = true
    this.connection.resumeWhenDrained()
  }

  private catchUp(): void {
    this.ready = false
    if (this.catchingUp) return
    this.catchingUp = true
    this.connection.run(() => this.catchUpWithRing())
  }

  /** Reads from the log until its position is in the ring. Can be called again after a failure. */
  private async catchUpWithRing(): Promise<void> {
    const { connection } = this
    this.mayFillRing = true
    while (!this.isDetached && this.isBehindRing) await connection.limitReads(() => this.readMore())
    this.catchingUp = false
    this.ready = !this.left
    if (!connection.closed) this.pump()
  }

  private get isBehindRing(): boolean {
    return this.needsSnapshot || this.unverified || this.position < this.feed.ring.tail
  }

  private async readMore(): Promise<void> {
    const { feed, connection } = this
    if (this.isDetached) return
    if (this.needsSnapshot) await this.takeSnapshot()
    else if (this.unverified) await this.verifyCursor()
    else if (this.mayFillRing && this.position >= feed.head - RING_EVENTS) {
      this.mayFillRing = false
      await connection.host.readLimited(this, () => feed.fillRing())
    } else await this.readLog()
  }

  private async verifyCursor(): Promise<void> {
    const head = await this.connection.host.readHead(this.feed.group)
    this.unverified = false
    if (this.position > head) this.needsSnapshot = true
    else void this.feed.noteHead(head)
  }

  private async takeSnapshot(): Promise<void> {
    const { feed, connection } = this
    await this.untilWritable()
    if (this.isDetached) return
    const snapshot = await feed.readSnapshot(this)
    if (snapshot === null || this.isDetached) return
    const { seq, epoch, frame } = snapshot
    await connection.host.reachEpoch(epoch)
    await this.untilWritable()
    // a shared snapshot may be older than the ring by now: take another
    if (this.isDetached || seq < feed.ring.tail) return
    this.needsSnapshot = false
    this.unverified = false
    this.position = seq
    connection.write(frame)
  }

  /** Writes one batch of at most `SLICE_BYTES`. If retention deleted events, requests a snapshot instead. */
  private async readLog(): Promise<void> {
    const { feed, connection } = this
    await this.untilWritable()
    if (this.isDetached) return
    const read = () => connection.host.readLog(feed.group, this.position, LOG_READ_EVENTS)
    const events = await connection.host.readLimited(this, read)
    if (events === null) return
    if (!events.every(({ seq }, i) => seq === this.position + 1 + i) || events.length === 0) {
      this.needsSnapshot = true
      return
    }
    await connection.host.reachEpoch(Math.max(...events.map((event) => event.epoch)))
    await this.untilWritable()
    if (this.isDetached || this.needsSnapshot) return
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

  /** Resolves when the connection is writable or closed, or the group was left; the caller checks which. */
  private async untilWritable(): Promise<void> {
    while (!this.connection.isWritable && !this.isDetached) await this.connection.whenWritable()
  }
}
