import { createServer, type Socket } from 'node:net'
import t from 'tap'
import { isDatabaseAway } from '../../plugins/errors.js'
import { createDatabase, rawClientOf } from '../../src/database/client.js'
import { testDatabase } from '../helpers/database.js'
import { withClient } from '../helpers/database-template.js'
import { listen } from '../helpers/listen.js'
import { until } from '../helpers/until.js'

/** One message of PostgreSQL's protocol (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const AUTHENTICATED = message('R', Buffer.alloc(4))
const READY = message('Z', Buffer.from('I'))
const SHUT_DOWN = message(
  'E',
  Buffer.from('SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'),
)

t.test(
  'a connection that the server ends right after opening it fails the call, not the process',
  async (t) => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      // in one chunk, as when the service was busy
      socket.once('data', () => socket.end(Buffer.concat([AUTHENTICATED, READY, SHUT_DOWN])))
    })
    const port = await listen(server)
    const db = createDatabase({
      url: `postgresql://u:p@127.0.0.1:${port}/d`,
      poolSize: 2,
      poolTimeoutMs: 1000,
      statementTimeoutMs: 1000,
    })
    t.teardown(async () => {
      await db.$disconnect()
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    for (const query of [
      () => db.$transaction((tx) => tx.$queryRaw`SELECT 1`),
      () => db.$queryRaw`SELECT 1`,
    ]) {
      const error = await query().then(
        () => null,
        (failure: unknown) => failure,
      )
      t.ok(isDatabaseAway(error), `503, not 500: ${String(error).trim().split('\n').at(-1)}`)
    }
  },
)

t.test('an idle connection that the server ends does not end the process', async (t) => {
  const { url } = await testDatabase(t)
  for (const asked of ['by SQL of our own alone', 'by Prisma, which has disconnected']) {
    const db = createDatabase({ url, poolSize: 1, poolTimeoutMs: 5000, statementTimeoutMs: 5000 })
    t.teardown(() => db.$disconnect())
    const raw = rawClientOf(db)
    const pidOf = async () => (await raw.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`)[0]?.pid
    if (asked.includes('Prisma')) await db.user.count()
    const pid = await pidOf()
    await withClient(url, (client) => client.query('SELECT pg_terminate_backend($1)', [pid]))
    if (asked.includes('Prisma')) await db.$disconnect()
    // a call that meets the ended connection fails, and the next one opens another
    else await until(async () => (await pidOf().catch(() => pid)) !== pid, 'another connection')
    t.pass(asked)
  }
})
