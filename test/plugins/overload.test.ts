import t from 'tap'
import { createClient } from '../helpers/http-client.js'
import { httpHead, openRaw } from '../helpers/raw-connection.js'
import { until } from '../helpers/until.js'
import { startFlow } from './flow-app.js'

const get = (path: string) => httpHead(`GET ${path} HTTP/1.1`, 'Host: localhost')
const FULL = { status: 503, headers: { 'retry-after': '1' }, body: { error: 'unavailable' } }

t.test(
  'requests over the limit get 503 at once, with the usual error body; probes are answered',
  async (t) => {
    const { port, begun, release } = await startFlow(t, { maxAtWork: 2 })
    const client = createClient(`http://127.0.0.1:${port}`)
    const held = ['1', '2'].map((id) => client.get(`/held/${id}`))
    await until(() => begun.length === 2, 'two requests to be in progress')
    t.match(await client.get('/quick'), FULL)
    t.match(await client.get('/nowhere'), FULL, 'whatever is asked for')
    t.match(await client.get('/healthz'), { status: 200 })
    t.match(await client.get('/healthz/'), { status: 404 }, 'however it is written')
    release()
    for (const answer of await Promise.all(held)) t.match(answer, { status: 200 })
    t.match(await client.get('/quick'), { status: 200 }, 'completed requests free their places')
  },
)

t.test('a request whose client has gone keeps its place until its handler is done', async (t) => {
  const { app, port, begun, release } = await startFlow(t, { maxAtWork: 1 })
  const client = createClient(`http://127.0.0.1:${port}`)
  const gone = await openRaw(port)
  gone.write(get('/held/1'))
  await until(() => begun.length === 1, 'the request to be in progress')
  gone.destroy()
  await until(
    () => new Promise((done) => app.server.getConnections((_, count) => done(count === 0))),
    'its end',
  )
  t.match(await client.get('/quick'), FULL, 'its handler still runs')
  release()
  await until(async () => (await client.get('/quick')).status === 200, 'its place to be free')
})

t.test('a client that sends slowly, reads slowly or disconnects meanwhile takes no place', async (t) => {
  const { app, port } = await startFlow(t, { maxAtWork: 1 })
  const client = createClient(`http://127.0.0.1:${port}`)
  let requests = 0
  app.server.on('request', () => requests++)
  const head = httpHead(
    'POST /length HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    'Content-Length: 11',
  )
  const slow = await openRaw(port)
  slow.write(`${head}{"te`)
  const unread = await openRaw(port)
  unread.socket.once('data', () => unread.socket.pause())
  unread.write(get('/large'))
  await unread.expect(/HTTP\/1\.1 200/)
  const gone = await openRaw(port)
  gone.write(`${head}{"te`)
  await until(() => requests === 3, 'all requests to arrive')
  gone.destroy()
  t.match(await client.get('/quick'), { status: 200 })
  slow.write('xt":""}')
  await slow.expect(/"length":0/)
  for (const connection of [slow, unread]) connection.destroy()
})
