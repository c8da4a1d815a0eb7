import { WebSocket } from 'ws'
import { LiveClient, type Verdict } from '../../web/live/client.js'
import type { HttpClient } from '../helpers/http-client.js'
import type { Received, Records } from './chaos-record.js'
import type { GroupState } from './chaos-state.js'

/** A client's current session; replaced at every sign-in. */
export interface Identity {
  http: HttpClient
  userId: number
  sessionId: string
}

export interface ClientOptions {
  who: string
  url: string
  path: string
  orderId: number | null
  records: Records
  identity(): Identity
  /** The session ended or access was revoked. */
  onStop(why: 'signed-out' | 'forbidden'): void
}

/** What faults can do to a client. */
export interface ChaosClient {
  readonly who: string
  /** destroys the connection without a close frame */
  cut(): void
  /** pauses and resumes reading */
  pause(): void
  resume(): void
  start(): void
  stop(): void
}

export const connectOptions = ({ url, identity }: ClientOptions) => ({
  perMessageDeflate: false,
  headers: { origin: url, cookie: identity().http.cookie },
})

/** The pages' own client (web/live), recording everything that it receives. */
export class V1Client implements ChaosClient {
  readonly who: string
  readonly live: LiveClient
  /** last seq of each group that was not left */
  readonly cursors = new Map<string, number>()
  /** longest time without being live, in ms */
  longestOutage = 0
  /** what happened during the longest outage */
  longestTrail = ''
  private trail: string[] = []
  isStopped = false
  private socket: WebSocket | null = null
  private received: Received | null = null
  private awaySince: number | null = null
  private wasLive = false
  /** Date.now() since when it is live */
  private liveSince = Number.POSITIVE_INFINITY

  constructor(private readonly options: ClientOptions) {
    this.who = options.who
    this.live = new LiveClient({
      url: `${options.url.replace(/^http/, 'ws')}${options.path}`,
      open: (url, protocol) => this.open(url, protocol),
      explainRefusal: () => this.verdict(),
      onProtocolError: (what) => options.records.violation(`${this.who}: ${what}`),
      onLeft: (group) => this.cursors.delete(group),
      onLink: ({ state }) => this.onLink(state),
      onMessage: (message) => {
        if (message.type === 'hello') this.received?.groups.push(...message.groups)
        else if (message.type === 'snapshot')
          this.onSnapshot(message.group, message.seq, message.data as GroupState)
        else if (message.type === 'event') this.onEvent(message.group, message.seq, message)
        else if (message.type === 'error') options.records.violation(`${this.who}: error ${message.code}`)
      },
    })
  }

  private open(url: string, protocol: string): WebSocket {
    const { options } = this
    const socket = new WebSocket(url, [protocol], connectOptions(options))
    socket.on('error', () => {})
    socket.once('open', () => {
      socket.on('close', (code, reason) => options.records.closed(code, reason.toString()))
    })
    socket.once('unexpected-response', (request, response) => {
      this.note(`refused ${response.statusCode}`)
      request.destroy()
      socket.terminate()
    })
    socket.once('close', (code, reason) => this.note(`closed ${code} ${reason}`))
    this.onOpened(socket)
    return socket
  }

  private onOpened(socket: WebSocket): void {
    const { records, identity, orderId } = this.options
    const { userId, sessionId } = identity()
    this.socket = socket
    this.received = records.open({ who: this.who, userId, sessionId, orderId })
  }

  private async verdict(): Promise<Verdict> {
    const { status } = await this.options.identity().http.get('/api/auth/session')
    if (status === 200) return 'ok'
    return status === 401 ? 'signed-out' : 'unreachable'
  }

  private onLink(state: string): void {
    const now = Date.now()
    this.liveSince = state === 'live' ? now : Number.POSITIVE_INFINITY
    if (state === 'live') {
      this.endOutage(now)
      this.wasLive = true
    } else if (state === 'signed-out' || state === 'forbidden') {
      this.awaySince = null
      this.wasLive = false
      this.options.onStop(state)
    } else if (this.wasLive) this.awaySince ??= now
    this.note(state)
  }

  private endOutage(now: number): void {
    if (this.awaySince !== null && now - this.awaySince > this.longestOutage) {
      this.longestOutage = now - this.awaySince
      this.longestTrail = `${this.who}: ${this.trail.join(', ')}`
    }
    this.awaySince = null
    this.trail = []
  }

  private note(what: string): void {
    if (this.awaySince !== null)
      this.trail.push(`${((Date.now() - this.awaySince) / 1000).toFixed(1)} s ${what}`)
  }

  private onSnapshot(group: string, seq: number, data: GroupState): void {
    if (!this.received) return
    // nothing is deleted by retention during a run: a snapshot in place of events means lost events
    if (this.cursors.has(group)) this.options.records.violation(`${this.who}: ${group} restarted at ${seq}`)
    this.cursors.set(group, seq)
    this.options.records.snapshot(this.received, group, seq, data)
  }

  private onEvent(group: string, seq: number, event: { name: string; at: string; data: unknown }): void {
    if (!this.received) return
    const { records } = this.options
    const before = this.cursors.get(group)
    if (before === undefined || seq !== before + 1) {
      records.violation(`${this.who}: ${group} ${seq} after ${before ?? 'nothing'}`)
    }
    this.cursors.set(group, seq)
    records.event(this.received, group, seq, event)
    if (Date.parse(event.at) > this.liveSince) records.late(this.who, Date.now() - Date.parse(event.at))
  }

  get isLive(): boolean {
    return this.live.link.state === 'live'
  }

  start(): void {
    this.live.start()
  }

  stop(): void {
    this.isStopped = true
    this.live.stop()
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
