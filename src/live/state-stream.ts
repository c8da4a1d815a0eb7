import { Readable } from 'node:stream'

/**
 * One client's server-sent events. Holds at most one event that has not been sent: a client that reads slowly gets the
 * latest state when it can take more, and costs no memory for those in between.
 */
export class StateStream extends Readable {
  private pending: Buffer | null = null
  private wantsMore = false
  private isFinished = false
  /** whether it has been given a state */
  hasState = false

  /** @param token gave the right to it */
  constructor(readonly token: string) {
    super({ highWaterMark: 1 })
  }

  /** Sends an event of `encodeStateEvent`; it is not copied, so streams that show the same share its bytes. */
  show(event: Buffer): void {
    if (this.destroyed || this.isFinished) return
    this.hasState = true
    this.pending = event
    this.sendPending()
  }

  /** A comment, so that neither side takes the connection for dead. */
  beat(): void {
    if (this.wantsMore && !this.isFinished) this.send(':\n\n')
  }

  /** Ends it. The client comes back after `retryMs`. */
  finish(retryMs: number): void {
    if (this.destroyed || this.isFinished) return
    this.isFinished = true
    if (this.pending !== null) this.push(this.pending)
    this.pending = null
    this.push(`retry: ${retryMs}\n\n`)
    this.push(null)
  }

  override _read(): void {
    this.wantsMore = true
    this.sendPending()
  }

  private sendPending(): void {
    if (this.pending === null || !this.wantsMore) return
    const event = this.pending
    this.pending = null
    this.send(event)
  }

  private send(bytes: Buffer | string): void {
    // before push, which may call _read at once
    this.wantsMore = false
    this.push(bytes)
  }
}

/** A state as `data` of an event; JSON text has no line breaks. */
export const encodeStateEvent = (name: string, data: string): Buffer =>
  Buffer.from(`event: ${name}\ndata: ${data}\n\n`)
