import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import t, { type Test } from 'tap'
import { WebSocketServer } from 'ws'
import { type Certificate, makeAuthority } from '../helpers/certificates.js'
import { listen } from '../helpers/listen.js'
import { connect, refused } from '../helpers/socket-client.js'
import { SITE_SECRET, siteDatabase } from './django.js'
import { runGate } from './gate-process.js'
import { cookieOf, insertSession } from './session-row.js'

/** A back end that gives back what it gets, over TLS. */
async function startSecure(t: Test, { certificate, key }: Certificate) {
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) })
  const names: (string | false | null)[] = []
  let requests = 0
  server.on('secureConnection', ({ servername }) => names.push(servername))
  server.on('upgrade', () => requests++)
  const wss = new WebSocketServer({ server })
  wss.on('connection', (ws) =>
    ws.on('error', () => {}).on('message', (data, isBinary) => ws.send(data, { binary: isBinary })),
  )
  const port = await listen(server)
  t.teardown(() => {
    for (const ws of wss.clients) ws.terminate()
    server.close()
  })
  return { port, names, requests: () => requests }
}

t.test(
  'an upstream over TLS: by name, by address, and not with a certificate that does not fit',
  async (t) => {
    const [ours, others] = [makeAuthority(t), makeAuthority(t)]
    const database = await siteDatabase(t)
    const good = await startSecure(t, ours.issue('DNS:localhost,IP:127.0.0.1'))
    const wrong = {
      'of another name': await startSecure(t, ours.issue('DNS:other.example')),
      'of a stranger': await startSecure(t, others.issue('DNS:localhost,IP:127.0.0.1')),
    }
    const route = (name: string, host: string, port: number) => ({
      path: `/ws/${name}/`,
      guard: 'user',
      upstream: `wss://${host}:${port}/`,
    })
    const gate = runGate(
      t,
      {
        DJANGO_DATABASE_URL: database.readerUrl,
        DJANGO_SECRET_KEY: SITE_SECRET,
        DRAIN_SECONDS: '0',
        NODE_EXTRA_CA_CERTS: ours.authority,
      },
      {
        listen: { host: '127.0.0.1', port: 0 },
        routes: [
          route('name', 'localhost', good.port),
          route('address', '127.0.0.1', good.port),
          ...Object.values(wrong).map(({ port }, i) => route(`wrong-${i}`, 'localhost', port)),
        ],
      },
    )
    const url = `http://127.0.0.1:${await gate.port()}`
    const cookie = cookieOf(await insertSession(database))
    for (const name of ['name', 'address']) {
      const socket = await connect(`${url}/ws/${name}/`, { cookie })
      socket.send({ to: name })
      await socket.expect({ to: name })
      await socket.close()
    }
    // the client's Host, 127.0.0.1 with a port, is no name of the upstream
    t.same(good.names, ['localhost', false])
    for (const [i, [what, { requests }]] of Object.entries(wrong).entries()) {
      const answer = await refused(`${url}/ws/wrong-${i}/`, { cookie })
      t.match(answer, { status: 503, body: { error: 'upstream_unavailable' } }, what)
      const line = await gate.logs.expect({ route: `/ws/wrong-${i}/`, level: 40 })
      t.match(line.reason, /certificate|altnames/i, what)
      t.equal(requests(), 0, `${what}: nothing was sent to it`)
    }
  },
)
