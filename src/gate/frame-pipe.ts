import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { CloseCode } from '../protocol/close-codes.js'
import { FrameForwarder } from './frame-forwarder.js'
import { closeFrame } from './frame-scanner.js'

/** ms from the first close frame, of any side, to the end of both connections */
const CLOSE_WAIT_MS = 5000
/** ms for which a side may take none of the bytes that wait for it */
const STALLED_MS = 30_000

export interface PipeOptions {
  /** bytes a client may send in one message */
  maxMessageBytes: number
  /** ms after which the client should come back when the upstream has gone */
  retryMs(): number
  /** Called once, when the client's connection has ended. 1006: without a close frame. */
  onClosed(code: number): void
}

/**
 * Two connections after their handshakes, a client's and the one to the upstream, whose frames pass both ways unchanged. It
 * begins on hold.
 */
export class FramePipe {
  private readonly down: FrameForwarder
  private readonly up: FrameForwarder
  private ownCode: number | null = null
  private cut: NodeJS.Timeout | null = null
  private isOver = false

  constructor(
    private readonly client: Socket,
    private readonly upstream: Socket,
    private readonly options: PipeOptions,
  ) {
    for (const socket of [client, upstream]) {
      socket.setTimeout(0)
      socket.setNoDelay(true)
      socket.setKeepAlive(true, 25_000)
      // a failed connection is closed, and 'close' says so
      socket.on('error', () => socket.destroy())
    }
    this.down = new FrameForwarder(upstream, client, ({ closeCode, isInvalid }) => {
      if (closeCode !== null) this.cutLater()
      if (isInvalid) this.close(CloseCode.serviceRestart, this.retry())
      return !isInvalid
    })
    this.up = new FrameForwarder(client, upstream, (scanner) => {
      if (scanner.closeCode !== null) {
        this.cutLater()
        // the answer to the gate's own close frame
        if (this.ownCode !== null) client.end()
      }
      if (scanner.isInvalid) this.close(CloseCode.protocolError, 'RFC 6455')
      else if (scanner.largestMessage > options.maxMessageBytes) this.close(CloseCode.tooBig, 'too big')
      else return true
      return false
    })
    upstream.once('end', () => this.onUpstreamGone()).once('close', () => this.onUpstreamGone())
    client.once('end', () => client.destroy()).once('close', () => this.onClientGone())
  }

  /** Takes the bytes that came with the handshakes. */
  begin(clientHead: Buffer, upstreamHead: Buffer): void {
    if (clientHead.length > 0) this.up.receive(clientHead)
    if (upstreamHead.length > 0) this.down.receive(upstreamHead)
    if (this.client.destroyed) this.onClientGone()
    else if (this.upstream.destroyed) this.onUpstreamGone()
  }

  /** No frame passes, in either direction, until `release`. */
  hold(): void {
    if (this.ownCode !== null) return
    this.down.hold()
    this.up.hold()
  }

  release(): void {
    if (this.ownCode !== null) return
    this.down.release()
    this.up.release()
  }

  /** Ends the socket with this code. No frame of the upstream reaches the client after it. */
  close(code: CloseCode, reason: string): void {
    if (this.ownCode !== null) return
    this.ownCode = code
    this.cutLater()
    this.down.stop()
    this.up.stop()
    if (!this.down.isBetweenFrames) this.client.destroy()
    // the upstream may have closed before: of two close frames the second would be ignored
    else if (this.client.writable) this.client.write(closeFrame(code, reason))
    this.endUpstream(CloseCode.goingAway)
  }

  terminate(): void {
    this.client.destroy()
    this.upstream.destroy()
  }

  /** Call it each second: ends a socket whose client, or upstream, takes nothing for 30 s. */
  checkStalled(now: number): void {
    if (this.down.isStalled(now, STALLED_MS)) this.close(CloseCode.tryAgainLater, 'read timeout')
    else if (this.up.isStalled(now, STALLED_MS)) this.close(CloseCode.serviceRestart, this.retry())
  }

  private retry(): string {
    return `retry=${this.options.retryMs()}`
  }

  private endUpstream(code: number): void {
    const { upstream } = this
    if (!upstream.writable) return
    if (this.up.isBetweenFrames) upstream.end(closeFrame(code, '', randomBytes(4)))
    else upstream.destroy()
  }

  private onUpstreamGone(): void {
    const isClosing = this.down.scanner.closeCode !== null || this.up.scanner.closeCode !== null
    if (this.ownCode !== null) return
    // what was forwarded is sent before the connection ends
    if (isClosing) this.client.end()
    else this.close(CloseCode.serviceRestart, this.retry())
  }

  private onClientGone(): void {
    if (this.isOver) return
    this.isOver = true
    if (this.cut) clearTimeout(this.cut)
    const { closeCode } = this.up.scanner
    // as the client's connection ended: with a close frame, or without
    if (closeCode === null && this.ownCode === null) this.upstream.destroy()
    else this.upstream.destroySoon()
    const code = this.ownCode ?? this.down.scanner.closeCode ?? closeCode ?? 1006
    this.options.onClosed(code)
  }

  private cutLater(): void {
    if (!this.isOver) this.cut ??= setTimeout(() => this.terminate(), CLOSE_WAIT_MS)
  }
}
