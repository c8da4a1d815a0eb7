import { Socket } from 'node:net'
import pg from 'pg'
import { prepareConnection } from './connection-settings.js'
import { schemaOf } from './database-url.js'

export interface StandingConnectionOptions {
  url: string
  /** shown in pg_stat_activity */
  name: string
  /** run on every new connection before it counts as open */
  setUp?: string
  /** a role that may only read will do; false unless given */
  mayBeReadOnly?: boolean
  onOpen(): void
  /** one that was open is lost */
  onLost?(): void
  onNotice?(payload: string): void
}

const CONNECT_MS = 2000
const QUERY_MS = 5000
const CLOSE_MS = 1000
/** ms before the first reconnection; doubles at each failure, up to the maximum */
const RETRY_MS = 50
const MAX_RETRY_MS = 1000

/** One connection outside the pools, opened again whenever it is lost, with back-off, until `close`. */
export class StandingConnection {
  private open: pg.Client | null = null
  private socket: Socket | null = null
  private retry: NodeJS.Timeout | null = null
  private failures = 0
  private closed = false

  constructor(private readonly options: StandingConnectionOptions) {
    void this.connect()
  }

  get isOpen(): boolean {
    return this.open !== null
  }

  /** Rejects at once while the connection is down, and after 5 s without an answer. */
  async query(text: string, values: unknown[]): Promise<void> {
    if (!this.open) throw new Error('the connection is down')
    await this.open.query(text, values)
  }

  /** Gives up the connection, which may be half-open, and opens another. */
  reconnect(): void {
    this.socket?.destroy()
  }

  private async connect(): Promise<void> {
    const { url, name, setUp, mayBeReadOnly = false, onOpen, onNotice } = this.options
    // a socket of our own: pg’s end() waits for a peer that may be gone
    const socket = new Socket()
    this.socket = socket
    socket.once('close', () => this.onLost())
    const client = new pg.Client({
      connectionString: url,
      application_name: name,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: QUERY_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5000,
      stream: () => socket,
    })
    // every error closes the socket
    client.on('error', () => socket.destroy())
    client.on('notification', ({ payload }) => onNotice?.(payload ?? ''))
    try {
      await client.connect()
      await prepareConnection(client, {
        schema: schemaOf(url),
        statementTimeoutMs: QUERY_MS,
        mayBeReadOnly,
      })
      if (setUp) await client.query(setUp)
      if (socket.destroyed) return
      this.open = client
      this.failures = 0
      onOpen()
    } catch {
      socket.destroy()
    }
  }

  private onLost(): void {
    const wasOpen = this.open !== null
    this.open = null
    if (this.closed) return
    if (wasOpen) this.options.onLost?.()
    const wait = Math.min(RETRY_MS * 2 ** Math.min(this.failures++, 10), MAX_RETRY_MS)
    this.retry = setTimeout(() => void this.connect(), wait)
  }

  close(): void {
    this.closed = true
    if (this.retry) clearTimeout(this.retry)
    const { open, socket } = this
    this.open = null
    if (!open || !socket) return void socket?.destroy()
    // an orderly end, unless the peer is gone
    open.end().catch(() => {})
    socket.unref()
    setTimeout(() => socket.destroy(), CLOSE_MS).unref()
  }
}
