import { WebSocket } from 'ws'

export interface Target {
  url: string
  cookie: string
  /** houselights.v1, socket.io, or none of its own */
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
    const isSocketIo = protocol === 'socket.io'
    const ws = new WebSocket(url, protocol === null || isSocketIo ? [] : protocol, {
      perMessageDeflate: false,
      headers: { origin: new URL(url).origin.replace('ws', 'http'), cookie },
    })
    return new Promise((resolve, reject) => {
      ws.once('error', reject)
      ws.on('message', (data: Buffer) => {
        // the first letters tell the type: parsing each would measure the client
        const head = data.toString('latin1', 0, 17)
        if (head.startsWith('{"type":"event"') || head.startsWith('42')) this.count()
        else if (head.startsWith('{"type":"snapshot') || head.startsWith('40')) resolve(ws)
        // Socket.IO's own: it is open, now join; ping
        else if (isSocketIo && head.startsWith('0')) ws.send('40')
        else if (isSocketIo && head === '2') ws.send('3')
      })
      ws.once('open', () => {
        if (protocol === null) resolve(ws)
        else if (!isSocketIo) ws.send('{"type":"subscribe"}')
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
