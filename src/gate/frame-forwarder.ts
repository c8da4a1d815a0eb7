import type { Socket } from 'node:net'
import { acceptedBytes } from '../live/socket/accepted-bytes.js'
import { FrameScanner } from './frame-scanner.js'

/** Payload bytes up to which a frame is forwarded only once it is complete. */
const MAX_WHOLE = 256 * 1024
/** Parts of a frame after which they are joined: each costs some hundred bytes of memory, and may be one byte. */
const MAX_PARTS = 64

/**
 * Forwards the bytes of one direction unchanged, frame by frame: between two frames a close frame of the gate's own may be
 * written. Only frames of more than 256 KiB are forwarded as they arrive. Holds back the sender while the receiver has
 * not taken what was written, and while it is on hold: it keeps at most the frame that has begun and one read.
 */
export class FrameForwarder {
  readonly scanner = new FrameScanner()
  /** a part of a frame was written, and not its end */
  private isMidFrame = false
  private partial: Buffer[] = []
  private waiting: Buffer[] = []
  private isHeld = true
  private isBlocked = false
  private isStopped = false
  private stalledSince = 0
  private stalledAtBytes = -1

  /** @param inspect sees the state after each chunk; returns false to drop the chunk */
  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly inspect: (scanner: FrameScanner) => boolean,
  ) {
    from.pause()
    from.on('data', (chunk: Buffer) => this.receive(chunk))
    to.on('drain', () => {
      this.isBlocked = false
      this.readOn()
    })
  }

  /** Whether a frame of the gate's own may be written to the receiver. */
  get isBetweenFrames(): boolean {
    return !this.isMidFrame
  }

  receive(chunk: Buffer): void {
    if (this.isHeld && !this.isStopped) this.waiting.push(chunk)
    else this.forward(chunk)
  }

  hold(): void {
    this.isHeld = true
    this.from.pause()
  }

  release(): void {
    this.isHeld = false
    const { waiting } = this
    this.waiting = []
    for (const chunk of waiting) this.forward(chunk)
    this.readOn()
  }

  /** Forwards nothing more; what the sender sends is still inspected, then dropped. */
  stop(): void {
    this.isStopped = true
    this.partial = []
    this.waiting = []
    this.from.resume()
  }

  /** Has the receiver taken nothing for `ms`, with bytes pending? Call it each second. */
  isStalled(now: number, ms: number): boolean {
    const accepted = acceptedBytes(this.to)
    if (this.to.writableLength === 0 || accepted !== this.stalledAtBytes) {
      this.stalledAtBytes = accepted
      this.stalledSince = now
      return false
    }
    return now - this.stalledSince >= ms
  }

  private readOn(): void {
    if (!this.isHeld && !this.isBlocked) this.from.resume()
  }

  private forward(chunk: Buffer): void {
    const end = this.scanner.push(chunk)
    if (!this.inspect(this.scanner) || this.isStopped) return
    const isLarge = this.scanner.frameBytes > MAX_WHOLE
    if (isLarge || end === chunk.length) {
      this.write([...this.partial, chunk])
      this.partial = []
      this.isMidFrame = end !== chunk.length
    } else if (end === -1) {
      this.partial.push(chunk)
      if (this.partial.length >= MAX_PARTS) this.partial = [Buffer.concat(this.partial)]
    } else {
      this.write([...this.partial, chunk.subarray(0, end)])
      this.partial = [chunk.subarray(end)]
      this.isMidFrame = false
    }
  }

  private write(parts: Buffer[]): void {
    if (!this.to.writable) return
    const [first, ...rest] = parts
    if (first === undefined || this.to.write(rest.length > 0 ? Buffer.concat(parts) : first)) return
    this.isBlocked = true
    this.from.pause()
  }
}
