import { randomInt, randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type { CloseCode } from '../protocol/close-codes.js'
import { FramePipe } from './frame-pipe.js'
import type { GateRoute } from './gate-file.js'
import type { RouteGuard } from './route-guard.js'
import type { LiveSession } from './session-reader.js'

import type { UpstreamSocket } from './upstream.js'
import type { WatchedSocket } from './watched-sessions.js'

/** ms over which clients come back when their upstream has gone */
const SPREAD_MS = 2000

export interface GateSocketOptions {
  session: LiveSession
  guard: RouteGuard
  route: GateRoute
  parameters: Readonly<Record<string, string>>
  maxMessageBytes: number
  /** Called once, as soon as the socket counts as ended for the watch. */
  onEnding(socket: GateSocket): void
  /** Called once, when its connection has ended. */
  onClosed(socket: GateSocket, code: number): void
}

/** A client's socket at the gate: watched from the first verdict on, piped to its upstream after the second. */
export class GateSocket implements WatchedSocket {
  readonly id = randomUUID()
  readonly openedAt = performance.now()
  readonly guard: RouteGuard
  readonly parameters: Readonly<Record<string, string>>
  session: LiveSession
  private pipe: FramePipe | null = null
  private isHeld = true
  private ending: { code: CloseCode; reason: string } | null = null

  constructor(private readonly options: GateSocketOptions) {
    this.session = options.session
    this.guard = options.guard
    this.parameters = options.parameters
  }

  get owner(): { userId: string; sessionId: string } {
    return { userId: this.session.userId, sessionId: this.session.key }
  }

  /** Begins to pass frames, as soon as the socket is not on hold. Both handshakes are done. */
  open(client: Socket, clientHead: Buffer, upstream: UpstreamSocket): void {
    this.pipe = new FramePipe(client, upstream.socket, {
      maxMessageBytes: this.options.maxMessageBytes,
      retryMs: () => randomInt(SPREAD_MS),
      onClosed: (code) => {
        this.options.onEnding(this)
        this.options.onClosed(this, code)
      },
    })
    this.pipe.begin(clientHead, upstream.head)
    if (this.ending) this.pipe.close(this.ending.code, this.ending.reason)
    else if (!this.isHeld) this.pipe.release()
  }

  hold(): void {
    this.isHeld = true
    this.pipe?.hold()
  }

  release(): void {
    this.isHeld = false
    this.pipe?.release()
  }

  close(code: CloseCode, reason: string): void {
    this.ending ??= { code, reason }
    this.pipe?.close(code, reason)
    this.options.onEnding(this)
  }

  terminate(): void {
    this.pipe?.terminate()
  }

  checkStalled(now: number): void {
    this.pipe?.checkStalled(now)
  }
}
