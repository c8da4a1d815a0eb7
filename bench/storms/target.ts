import { type Agent, get } from 'node:http'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { postOrder } from '../../test/helpers/customers.js'
import { headOf, parseAnswer } from '../../test/helpers/handshakes.js'
import { createClient, type HttpClient } from '../../test/helpers/http-client.js'
import { signIn } from '../../test/helpers/sign-in.js'
import { frame, OPCODE } from '../../test/security/frames.js'

export interface TargetOptions {
  /** of the node, as http://127.0.0.1:3000 */
  url: string
  /** a member of the staff, and an admin, with the same password */
  username: string
  admin: string
  password: string
  /** tokens of the seats from which guests order */
  seats: readonly string[]
  metricsToken?: string | undefined
}

const SUBSCRIBE = frame(OPCODE.text, '{"type":"subscribe"}')
/** guests that order at the same time */
const ORDERING = 10

/** The node under a storm, and its clients. */
export class Target {
  private constructor(
    readonly options: TargetOptions,
    /** the member of staff whose page must stay fast */
    readonly staff: HttpClient,
  ) {}

  static async open(options: TargetOptions): Promise<Target> {
    const { url, username, password } = options
    return new Target(options, await signIn(url, username, { password }))
  }

  /** Another session. */
  signIn(username: string): Promise<HttpClient> {
    return signIn(this.options.url, username, { password: this.options.password })
  }

  /** New guests, each with an order of its own, which is paid and seen: so a seat may have any number of them. */
  async guests(count: number): Promise<Guest[]> {
    const { url, seats } = this.options
    const guests: Guest[] = []
    let left = count
    const work = async () => {
      while (left-- > 0) {
        const client = createClient(url)
        const { id } = await postOrder(client, { seat: seats[left % seats.length] ?? '' })
        for (const step of ['seen', 'collect-cash']) await this.staff.post(`/api/orders/${id}/${step}`)
        guests.push({ cookie: client.cookie, path: `/ws/payment-socket/${id}/` })
      }
    }
    await Promise.all(Array.from({ length: ORDERING }, work))
    return guests
  }

  /** Opens a socket over a connection of its own; the handshake is sent at once. */
  connect({ path, cookie }: Guest, localAddress?: string): Socket {
    const { protocol, hostname, port } = new URL(this.options.url)
    const isTls = protocol === 'https:'
    const to = {
      host: hostname,
      port: Number(port || (isTls ? 443 : 80)),
      ...(localAddress ? { localAddress } : {}),
    }
    const socket = isTls ? connectTls({ ...to, servername: hostname }) : connectTcp(to)
    socket.setNoDelay(true)
    const { host, origin } = new URL(this.options.url)
    const extra = ['Sec-WebSocket-Protocol: houselights.v1']
    socket.write(headOf(to.port, { path, cookie, host, origin, extra }))
    return socket
  }

  /** Opens a socket and resolves to it once it is accepted; to the status of a refusal, or 0 when the connection fails. */
  async accepted(guest: Guest, localAddress?: string): Promise<Socket | number> {
    const socket = this.connect(guest, localAddress)
    const status = await statusOf(socket)
    if (status === 101) return socket
    socket.destroy()
    return status
  }

  /** ms from the beginning of a handshake of the staff's page to its first snapshot; null when it did not come within `ms`. */
  async probe(ms: number): Promise<number | null> {
    const startedAt = performance.now()
    const socket = this.connect({ path: '/ws/all-seat-datasocket/', cookie: this.staff.cookie })
    const hasSnapshot = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), ms)
      let text = ''
      socket.on('error', () => {})
      socket.once('close', () => resolve(false))
      socket.on('data', (chunk: Buffer) => {
        const wasAccepted = text.includes('"hello"')
        text += chunk.toString('latin1')
        if (!wasAccepted && text.includes('"hello"')) socket.write(SUBSCRIBE)
        if (text.includes('"snapshot"')) resolve(true)
      })
      socket.once('close', () => clearTimeout(timer))
    })
    socket.destroy()
    return hasSnapshot ? performance.now() - startedAt : null
  }

  /** The status of a request without a session, over a connection of the agent; 0 when the connection fails. */
  ask(agent: Agent): Promise<number> {
    return new Promise((resolve) => {
      const request = get(new URL('/api/auth/session', this.options.url), { agent }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0))
      })
      request.once('error', () => resolve(0))
    })
  }

  /** Bytes of memory of the node's process; null when /metrics is not open to us. */
  async memory(): Promise<number | null> {
    const { url, metricsToken } = this.options
    const headers = metricsToken ? { authorization: `Bearer ${metricsToken}` } : {}
    const { text } = await createClient(url).get('/metrics', { headers })
    const bytes = /^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]
    return bytes === undefined ? null : Number(bytes)
  }
}

/** A socket that somebody may open: its path, and the cookie of the session. */
export interface Guest {
  path: string
  cookie: string
}

export const subscribe = (socket: Socket, done?: () => void) => socket.write(SUBSCRIBE, done)

/** The status with which a handshake is answered; 0 when the connection ends without. */
function statusOf(socket: Socket): Promise<number> {
  return new Promise((resolve) => {
    let text = ''
    const onData = (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (!text.includes('\r\n\r\n')) return
      socket.off('data', onData)
      resolve(parseAnswer(text).status)
    }
    socket.on('data', onData)
    socket.on('error', () => {})
    socket.once('close', () => resolve(0))
  })
}
