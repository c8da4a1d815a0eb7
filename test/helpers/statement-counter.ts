import { connect, createServer, type Socket } from 'node:net'
import { listen } from './listen.js'
import type { Teardown } from './teardown.js'
import { until } from './until.js'

/** What a client asked of PostgreSQL. */
export interface Statements {
  /** texts, in order; a prepared statement has its text at each use */
  texts: string[]
  /** times that the client waited for the server */
  roundTrips: number
}

/** A link to PostgreSQL that reads along. */
export interface StatementCounter {
  /** the database's URL, through this link */
  url: string
  /** What `work` asked, of all connections; includes what else the client does meanwhile. */
  during(work: () => Promise<unknown>): Promise<Statements>
}

/** Starts a link to the database of `url` that counts what passes (the protocol's version 3, without TLS). */
export async function countStatements(t: Teardown, url: string): Promise<StatementCounter> {
  const target = new URL(url)
  const asked: Statements = { texts: [], roundTrips: 0 }
  const sockets = new Set<Socket>()
  let unanswered = 0
  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    const database = connect({ host: target.hostname, port: Number(target.port || 5432) })
    track(client)
    track(database)
    const conversation = new Conversation(asked.texts)
    const questions = splitter(true, (type, body) => {
      if (!conversation.read(type, body)) return
      asked.roundTrips++
      unanswered++
    })
    const answers = splitter(false, (type) => {
      // ReadyForQuery; the first one ends the log-in
      if (type === 'Z' && conversation.answered()) unanswered--
    })
    client.on('data', (bytes) => questions(bytes) && database.write(bytes))
    database.on('data', (bytes) => answers(bytes) && client.write(bytes))
    client.once('close', () => database.destroy())
    database.once('close', () => client.destroy())
  })
  const port = await listen(server)
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const through = new URL(url)
  through.host = `127.0.0.1:${port}`
  return {
    url: through.href,
    async during(work) {
      asked.texts.length = 0
      asked.roundTrips = 0
      await work()
      await until(() => unanswered === 0, 'the database to answer')
      return { texts: [...asked.texts], roundTrips: asked.roundTrips }
    },
  }
}

/** One connection's statements, by the names under which they were prepared. */
class Conversation {
  private readonly prepared = new Map<string, string>()
  private bound = ''
  private ready = false

  constructor(private readonly texts: string[]) {}

  /** Reads a message of the client; returns whether it now waits for ReadyForQuery. */
  read(type: string, body: Buffer): boolean {
    if (type === 'P') {
      const [name = '', text = ''] = body.toString('utf8').split('\0')
      this.prepared.set(name, text)
    } else if (type === 'B') {
      const [, name = ''] = body.toString('utf8').split('\0')
      this.bound = this.prepared.get(name) ?? `prepared ${name}`
    } else if (type === 'E') this.texts.push(this.bound)
    else if (type === 'Q') this.texts.push(body.toString('utf8', 0, body.length - 1))
    return type === 'Q' || type === 'S'
  }

  /** ReadyForQuery came; returns whether it answers a question, and does not end the log-in. */
  answered(): boolean {
    const isAnswer = this.ready
    this.ready = true
    return isAnswer
  }
}

/** Cuts a stream into messages: a type, a length that counts itself, a body. The client's first one has the type ''. */
export function splitter(isClient: boolean, onMessage: (type: string, body: Buffer) => void) {
  let rest: Buffer = Buffer.alloc(0)
  let typeLength = isClient ? 0 : 1
  return (bytes: Buffer): true => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    while (rest.length >= typeLength + 4) {
      const end = typeLength + rest.readInt32BE(typeLength)
      if (rest.length < end) break
      onMessage(rest.toString('latin1', 0, typeLength), rest.subarray(typeLength + 4, end))
      typeLength = 1
      rest = rest.subarray(end)
    }
    return true
  }
}
