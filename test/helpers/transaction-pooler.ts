import { connect, createServer, type Socket } from 'node:net'
import { listen } from './listen.js'
import { splitter } from './statement-counter.js'
import type { Teardown } from './teardown.js'

/**
 * Starts a link to the database of `url` that is to notices what PgBouncer in transaction mode is: LISTEN succeeds, and
 * a notice reaches nobody, for it comes while the server's connection belongs to no client. Returns the URL through it.
 */
export async function startTransactionPooler(t: Teardown, url: string): Promise<string> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    const database = connect({ host: target.hostname, port: Number(target.port || 5432) })
    track(client)
    track(database)
    const answers = splitter(false, (type, body) => {
      if (type === 'A') return
      const head = Buffer.alloc(5)
      head.write(type, 'latin1')
      head.writeInt32BE(body.length + 4, 1)
      client.write(Buffer.concat([head, body]))
    })
    client.pipe(database)
    database.on('data', answers)
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
  return through.href
}
