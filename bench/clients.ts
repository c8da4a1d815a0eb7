import { WebSocket } from 'ws'

export interface Target {
  url: string
  cookie: string
  protocol: string | null
}

/** Many sockets to one service, which count what they hear. */
export class Clients {
  private readonly sockets: WebSocket[] = []
  private heard = 0
  private awaited: { count: number; done: () => void } | null = null

  constructor(private readonly target: Target) {}

  get size(): number {
    return this.sockets.length
  }

  /** Opens sockets, `atOnce` under way at a time; resolves when all are open and joined. */
  async open(count: number, atOnce: number): Promise<void> {
    let left = count
    const worker = async () => {
      while (left-- > 0) this.sockets.push(await this.openOne())
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
  }

  private openOne(): Promise<WebSocket> {
    const { url, cookie, protocol } = this.target
    const ws = new WebSocket(url, protocol ?? [], {
      perMessageDeflate: false,
      headers: { origin: url.replace('ws', 'http').replace(/\/ws\/.*|\/$/, ''), cookie },
    })
    return new Promise((resolve, reject) => {
      ws.once('error', reject)
      ws.on('message', (data: Buffer) => {
        // the first letters tell the type: parsing each would measure the client
        if (data.toString('latin1', 9, 14) === 'event') this.count()
        else if (data.toString('latin1', 9, 17) === 'snapshot') resolve(ws)
      })
      ws.once('open', () => {
        if (protocol) ws.send('{"type":"subscribe"}')
        else resolve(ws)
      })
    })
  }

  private count(): void {
    this.heard++
    if (this.awaited && this.heard >= this.awaited.count) this.awaited.done()
  }

  /** Resolves when every socket has heard `events` more. */
  hear(events: number, withinMs: number): Promise<void> {
    const count = this.heard + events * this.sockets.length
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.heard} of ${count} deliveries after ${withinMs} ms`)),
        withinMs,
      )
      this.awaited = {
        count,
        done: () => {
          clearTimeout(timer)
          this.awaited = null
          resolve()
        },
      }
    })
  }

  close(): void {
    for (const socket of this.sockets) socket.terminate()
  }
}
