/** Why nothing is read: `hello` must come first, `send` messages wait for the database, or replies for the client. */
export type PauseReason = 'greeting' | 'sends' | 'replies'

/** The part of a `ws` WebSocket that is used. */
interface Pausable {
  pause(): void
  resume(): void
}

/**
 * The sole owner of pausing and resuming a socket. Reading resumes once no reason to pause is left: with two
 * owners each would undo the other's pause, and what the client sends would pile up. `ws` emits what it has received
 * before a pause; that is kept, in order, and handled before the socket is read again. It is at most what the kernel
 * returned in one read (64 KiB).
 */
export class SocketReader {
  private reasons: readonly PauseReason[] = []
  private received: (string | null)[] = []
  private isScheduled = false

  constructor(
    private readonly socket: Pausable,
    private readonly handle: (text: string | null) => void,
  ) {}

  /** messages that wait until the reading goes on */
  get waiting(): number {
    return this.received.length
  }

  private get isPaused(): boolean {
    return this.reasons.length > 0 || this.received.length > 0
  }

  /** Takes a message of the client, null for a binary one; handles it at once, or after those that wait. */
  receive(text: string | null): void {
    if (this.isPaused) this.received.push(text)
    else this.handle(text)
  }

  pause(reason: PauseReason): void {
    if (!this.isPaused) this.socket.pause()
    if (!this.reasons.includes(reason)) this.reasons = [...this.reasons, reason]
  }

  resume(reason: PauseReason): void {
    if (!this.reasons.includes(reason)) return
    this.reasons = this.reasons.filter((each) => each !== reason)
    this.proceed()
  }

  /** Drops what waits: the socket has closed. */
  close(): void {
    this.received = []
  }

  /** One message per turn of the event loop: a client that sends thousands delays the others no more than one does. */
  private proceed(): void {
    if (this.reasons.length > 0 || this.isScheduled) return
    if (this.received.length === 0) return this.socket.resume()
    this.isScheduled = true
    setImmediate(() => {
      this.isScheduled = false
      if (this.reasons.length > 0) return
      const text = this.received.shift()
      if (text !== undefined) this.handle(text)
      this.proceed()
    })
  }
}
