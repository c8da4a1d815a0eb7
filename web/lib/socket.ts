/** The part of a WebSocket that the client uses: the browser's, Node's own and `ws` all fit. */
export interface SocketEvent {
  type: string
  data?: unknown
  code?: number
  reason?: string
  /** browsers: when it arrived, in milliseconds of the monotonic clock */
  timeStamp?: number
}

export interface SocketLike {
  readonly protocol: string
  readonly readyState: number
  /** when it began to open, in milliseconds of the monotonic clock, if that was before it was handed over */
  readonly openedAt?: number
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: SocketEvent) => void): void
  send(data: string): void
  close(code?: number, reason?: string): void
}

export type OpenSocket = (url: string, protocol: string) => SocketLike
