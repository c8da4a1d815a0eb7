import type { Socket } from 'node:net'
import type { CloseCode } from '../../protocol/close-codes.js'
import { acceptedBytes } from './accepted-bytes.js'
import type { LiveSocket } from './live-socket.js'

const EMPTY = Buffer.alloc(0)

/** The part of a `ws` WebSocket that is used. */
interface WebSocketLike {
  readonly readyState: number
  readonly OPEN: number
  readonly isPaused: boolean
  ping(): void
  close(code: number, reason: string): void
  terminate(): void
}

/**
 * A `LiveSocket` over `ws`. Frames are encoded once for all sockets and written straight to the TCP stream. Since
 * deflate is off, `ws` writes its own frames (pong, close) synchronously to the same stream, so frames don't interleave.
 */
export class WsLiveSocket implements LiveSocket {
  constructor(
    private readonly ws: WebSocketLike,
    private readonly stream: Socket,
  ) {}

  write(frames: Buffer): void {
    if (this.stream.writable) this.stream.write(frames)
  }

  get pendingBytes(): number {
    return this.stream.writableLength
  }

  get acceptedBytes(): number {
    return acceptedBytes(this.stream)
  }

  get isPaused(): boolean {
    return this.ws.isPaused
  }

  onceDrained(callback: () => void): void {
    if (!this.stream.writable) return
    // 'drain' is emitted only above the high-water mark; the callback of an empty write always runs
    this.stream.write(EMPTY, () => callback())
  }

  ping(): void {
    if (this.ws.readyState === this.ws.OPEN) this.ws.ping()
  }

  /** `ws` destroys the connection of a peer that does not answer: `closeTimeout` in plugins/sockets/websocket.ts. */
  close(code: CloseCode, reason: string): void {
    this.ws.close(code, reason)
  }

  terminate(): void {
    this.ws.terminate()
  }
}
