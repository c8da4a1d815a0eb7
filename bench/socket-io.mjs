// @ts-check
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import pg from 'pg'
import { Server } from 'socket.io'
import { serve } from './driver.mjs'

const [databaseUrl = '', cookie = ''] = process.argv.slice(2)

/** Reads a cookie's session with its user and theatres, which any service of this kind needs. */
const SESSION = `SELECT u.id, u.role, array_agg(st.theatre_id) AS theatres
  FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN staff_theatres st ON st.user_id = u.id
  WHERE s.token_hash = $1 AND u.is_active AND s.absolute_ends_at > now() GROUP BY u.id`

/**
 * Socket.IO as documented: WebSocket transport only, a middleware that authenticates the session, a room per theatre.
 * Permissions are checked once; there is no replay, sequence, event log or rate limit.
 */
await serve(async () => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 })
  const server = createServer()
  const io = new Server(server, { transports: ['websocket'], perMessageDeflate: false, serveClient: false })
  io.use(async (socket, next) => {
    const value = decodeURIComponent(/=([^;]+)/.exec(socket.handshake.headers.cookie ?? '')?.[1] ?? '')
    const hash = createHash('sha256')
      .update(value.split('.')[0] ?? '')
      .digest()
    const { rows } = await pool.query(SESSION, [hash])
    if (!rows[0]) return next(new Error('unauthorized'))
    socket.data.theatres = rows[0].theatres
    next()
  })
  io.on('connection', (socket) => {
    for (const id of socket.data.theatres) socket.join(`theatre:${id}:orders`)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  let seq = 0
  return {
    url: `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`,
    cookie,
    protocol: 'socket.io',
    async emit(events, data) {
      for (let i = 0; i < events; i++) {
        io.to('theatre:1:orders').emit('event', {
          group: 'theatre:1:orders',
          seq: ++seq,
          name: 'order.seen',
          at: new Date(),
          data,
        })
      }
    },
    async close() {
      await io.close()
      await pool.end()
    },
  }
})
