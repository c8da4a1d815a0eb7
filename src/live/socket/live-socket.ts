import type { CloseCode } from '../../protocol/close-codes.js'

/** What the live engine needs of a WebSocket. */
export interface LiveSocket {
  /** Writes framed bytes to the stream, after those already pending. */
  write(frames: Buffer): void
  /** bytes that the kernel has not accepted yet */
  readonly pendingBytes: number
  /** bytes that the kernel has accepted since the socket opened */
  readonly acceptedBytes: number
  /** whether this node does not read from it at the moment: then no pong arrives either */
  readonly isPaused: boolean
  /** Calls back once, when all bytes now pending are accepted or the socket is closed. */
  onceDrained(callback: () => void): void
  ping(): void
  /** Queues the close frame. The TCP connection is destroyed 5 s later if the peer does not answer. */
  close(code: CloseCode, reason: string): void
  terminate(): void
}
