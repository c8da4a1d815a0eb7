import { Readable } from 'node:stream'

/**
 * One client's server-sent events. Holds at most one event that has not been sent: a client that reads slowly gets the
 * latest state when it can take more, and costs no memory for those in between.
 */
export class StateStream extends Readable {
  private pending: string | null = null
  private wantsMore = false
  /** whether it has been given a state */
  hasState = false

  /**
   * @param token gave the right to it
   * @param event name of its events
   */
  constructor(
    readonly token: string,
    private readonly event: string,
  ) {
    super({ highWaterMark: 1 })
  }

  /** The state as `data` of an event; JSON text has no line breaks. */
  show(data: string): void {
    this.hasState = true
    this.pending = `event: ${this.event}\ndata: ${data}\n\n`
    this.sendPending()
  }

  /** A comment, so that neither side takes the connection for dead. */
  beat(): void {
    if (this.wantsMore) this.send(':\n\n')
  }

  /** Ends it. The client comes back after `retryMs`. */
  finish(retryMs: number): void {
    if (this.destroyed || this.readableEnded) return
    this.push(`${this.pending ?? ''}retry: ${retryMs}\n\n`)
    this.pending = null
    this.push(null)
  }

  override _read(): void {
    this.wantsMore = true
    this.sendPending()
  }

  private sendPending(): void {
    if (this.pending === null || !this.wantsMore) return
    const text = this.pending
    this.pending = null
    this.send(text)
  }

  private send(text: string): void {
    // before push, which may call _read at once
    this.wantsMore = false
    this.push(text)
  }
}
