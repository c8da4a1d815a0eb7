import { readSession } from '../servers/read-session.mjs'
import { createPeerServer, eventOf, listen } from './peer.mjs'

// Socket.IO as documented: WebSocket transport only, a room per theatre; with DATABASE_URL a middleware that looks the
// session up, with REDIS_URL its adapter. Permissions are checked once; there is no replay, sequence, event log or limit.

const { DATABASE_URL, REDIS_URL } = process.env
const { Server } = await import('socket.io')
const server = createPeerServer((data) => io.to('theatre:1:orders').emit('event', eventOf(data)))
const io = new Server(server, { transports: ['websocket'], perMessageDeflate: false, serveClient: false })

if (DATABASE_URL) {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 })
  io.use(async (socket, next) => {
    const value = decodeURIComponent(/=([^;]+)/.exec(socket.handshake.headers.cookie ?? '')?.[1] ?? '')
    const session = await readSession(pool, value.split('.')[0] ?? '')
    if (!session) return next(new Error('unauthorized'))
    socket.data.theatres = session.theatres
    next()
  })
}
if (REDIS_URL) {
  const [{ createAdapter }, { Redis }] = await Promise.all([
    import('@socket.io/redis-adapter'),
    import('ioredis'),
  ])
  const publisher = new Redis(REDIS_URL)
  io.adapter(createAdapter(publisher, publisher.duplicate()))
}
io.on('connection', (socket) => {
  for (const id of socket.data.theatres ?? [1]) socket.join(`theatre:${id}:orders`)
})
listen(server)
