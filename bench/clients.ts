import { WebSocket } from 'ws'

export interface Target {
  url: string
  cookie: string
  /** 'houselights.v1', 'socket.io', or null for a plain WebSocket */
  protocol: string | null
}

/** Many sockets to one service, which count the events they receive. */
export class Clients {
  private readonly sockets: WebSocket[] = []
  private received = 0
  private expected: { count: number; done: () => void } | null = null

  constructor(private readonly target: Target) {}

  get size(): number {
    return this.sockets.length
  }

  /** Opens sockets, `concurrency` at a time; resolves when all have joined. */
  async open(count: number, concurrency: number): Promise<void> {
    let left = count
    const worker = async () => {
      while (left-- > 0) this.sockets.push(await this.openOne())
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
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
        // the prefix tells the type: parsing every message would measure the client
        const head = data.toString('latin1', 0, 17)
        if (head.startsWith('{"type":"event"') || head.startsWith('42')) this.count()
        else if (head.startsWith('{"type":"snapshot') || head.startsWith('40')) resolve(ws)
        // Engine.IO packets: 0 open (answer with Socket.IO's connect, 40), 2 ping (answer with 3, pong)
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
    this.received++
    if (this.expected && this.received >= this.expected.count) this.expected.done()
  }

  /** Resolves when every socket has received `events` more events. */
  receive(events: number, timeoutMs: number): Promise<void> {
    const count = this.received + events * this.sockets.length
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.received} of ${count} deliveries after ${timeoutMs} ms`)),
        timeoutMs,
      )
      this.expected = {
        count,
        done: () => {
          clearTimeout(timer)
          this.expected = null
          resolve()
        },
      }
    })
  }

  close(): void {
    for (const socket of this.sockets) socket.terminate()
  }
}
