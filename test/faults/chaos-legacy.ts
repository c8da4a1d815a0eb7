import { WebSocket } from 'ws'
import { type ChaosClient, type ClientOptions, connectOptions } from './chaos-clients.js'

const RUDE_DELAY_MS = 300

/** The old pages: whatever the reason, they come again at once (here: soon; a hundred share one processor). */
export class LegacyClient implements ChaosClient {
  readonly who: string
  private socket: WebSocket | null = null
  private retry: NodeJS.Timeout | null = null
  private isOver = true

  constructor(private readonly options: ClientOptions) {
    this.who = options.who
  }

  start(): void {
    if (!this.isOver) return
    this.isOver = false
    this.open()
  }

  private open(): void {
    const { records, identity, orderId } = this.options
    const { userId, sessionId } = identity()
    const { url, path } = this.options
    const socket = new WebSocket(url.replace(/^http/, 'ws') + path, [], connectOptions(this.options))
    socket.on('error', () => {})
    this.socket = socket
    const received = records.open({ who: this.who, userId, sessionId, orderId, kind: 'legacy' })
    socket.on('open', () => {
      if (orderId === null) socket.send('{"theatre_id": 1}')
    })
    socket.on('message', (data) => records.legacy(received, data.toString()))
    let refusal = 0
    socket.on('unexpected-response', (request, response) => {
      refusal = response.statusCode ?? 0
      request.destroy()
      socket.terminate()
    })
    socket.on('close', (code) => {
      if (this.isOver || this.socket !== socket) return
      if (code === 4401 || refusal === 401) return this.end('signed-out')
      if (code === 4403 || refusal === 403) return this.end('forbidden')
      this.retry = setTimeout(() => this.open(), RUDE_DELAY_MS)
    })
  }

  private end(why: 'signed-out' | 'forbidden'): void {
    this.isOver = true
    this.options.onStop(why)
  }

  stop(): void {
    this.isOver = true
    if (this.retry) clearTimeout(this.retry)
    this.socket?.terminate()
  }

  cut(): void {
    this.socket?.terminate()
  }

  pause(): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.pause()
  }

  resume(): void {
    this.socket?.resume()
  }
}
