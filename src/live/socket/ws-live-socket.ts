import type { Socket } from 'node:net'
import type { CloseCode } from '../../protocol/close-codes.js'
import type { LiveSocket } from './connection.js'

const NOTHING = Buffer.alloc(0)

/** What is used of a `ws` socket. */
interface WebSocketLike {
  readonly readyState: number
  readonly OPEN: number
  ping(): void
  close(code: number, reason: string): void
  terminate(): void
}

interface SocketHandle {
  /** bytes that libuv was given */
  bytesWritten?: number
  /** bytes of them that it still holds for the kernel */
  writeQueueSize?: number
}

/**
 * A `ws` socket as the engine sees it. Events are written to the TCP stream as they are, already framed: deflate is
 * off, so `ws` writes its own frames (pongs, close) at once to the same stream, and none falls inside another.
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

  get takenBytes(): number {
    // net.Socket keeps the handle in a property that its types don't know; without it a stall is judged by whole
    // writes. Its own `bytesWritten` won't do: it counts what waits in the stream too, pongs for example.
    const handle: SocketHandle | null = Reflect.get(this.stream, '_handle') ?? null
    if (handle?.bytesWritten === undefined || handle.writeQueueSize === undefined) {
      return this.stream.bytesWritten - this.stream.writableLength
    }
    return handle.bytesWritten - handle.writeQueueSize
  }

  onceDrained(callback: () => void): void {
    if (!this.stream.writable) return
    // 'drain' comes only after a write beyond the high-water mark; the callback of an empty write always does
    this.stream.write(NOTHING, () => callback())
  }

  ping(): void {
    if (this.ws.readyState === this.ws.OPEN) this.ws.ping()
  }

  /** A peer that does not answer is cut by `ws` itself: `closeTimeout`, set by the plugin of the sockets. */
  close(code: CloseCode, reason: string): void {
    this.ws.close(code, reason)
  }

  terminate(): void {
    this.ws.terminate()
  }
}
