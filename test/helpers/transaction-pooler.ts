import { connect, createServer, type Socket } from 'node:net'
import { listen } from './listen.js'
import { splitter } from './statement-counter.js'
import type { Teardown } from './teardown.js'

/** A connection to the database, and the client that it serves just now. */
interface Backend {
  socket: Socket
  client: Socket | null
}

/**
 * Starts a link to the database of `url` that is what PgBouncer before 1.21 is in transaction mode: a client gets a
 * connection of the database for a transaction only, the one that was used last, so what was prepared or listened for
 * on it is left behind, and notices reach nobody. Returns the URL through it.
 */
export async function startTransactionPooler(t: Teardown, url: string): Promise<string> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const free: Backend[] = []
  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    track(client)
    // each client's log-in opens one more connection, which all share from then on
    let backend: Backend | undefined = openBackend(client)
    const assigned = () => {
      backend = backend?.client === client ? backend : takeFree(client)
      return backend
    }
    const questions = splitter(true, (type, body) => {
      // Terminate is for the link, not for a shared connection
      if (type === 'X') client.end()
      else assigned().socket.write(type === '' ? encodeStartup(body) : encode(type, body))
    })
    client.on('data', questions)
    client.once('close', () => {
      // in the middle of a transaction
      if (backend?.client === client) backend.socket.destroy()
    })
  })

  function openBackend(client: Socket): Backend {
    const socket = connect({ host: target.hostname, port: Number(target.port || 5432) })
    const backend: Backend = { socket, client }
    track(socket)
    const answers = splitter(false, (type, body) => {
      if (type === 'A') return
      const { client } = backend
      // idle: no transaction is open
      if (type === 'Z' && body.toString('latin1') === 'I') {
        backend.client = null
        free.push(backend)
      }
      client?.write(encode(type, body))
    })
    socket.on('data', answers)
    socket.once('close', () => {
      backend.client?.destroy()
      const index = free.indexOf(backend)
      if (index >= 0) free.splice(index, 1)
    })
    return backend
  }

  function takeFree(client: Socket): Backend {
    const backend = free.pop()
    if (!backend) throw new Error('no connection is free: there are as many as clients')
    backend.client = client
    return backend
  }

  const port = await listen(server)
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const through = new URL(url)
  through.host = `127.0.0.1:${port}`
  return through.href
}

function encode(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** The client's first message has no type. */
function encodeStartup(body: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeInt32BE(body.length + 4, 0)
  return Buffer.concat([head, body])
}
