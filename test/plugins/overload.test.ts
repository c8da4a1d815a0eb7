import t from 'tap'
import { createClient } from '../helpers/http-client.js'
import { httpHead, openRaw } from '../helpers/raw-connection.js'
import { until } from '../helpers/until.js'
import { startFlow } from './flow-app.js'

const get = (path: string) => httpHead(`GET ${path} HTTP/1.1`, 'Host: localhost')
const FULL = { status: 503, headers: { 'retry-after': '1' }, body: { error: 'unavailable' } }

t.test('beyond the bound 503 at once, in the form of all errors; probes are answered', async (t) => {
  const { port, begun, release } = await startFlow(t, { maxAtWork: 2 })
  const client = createClient(`http://127.0.0.1:${port}`)
  const held = ['1', '2'].map((id) => client.get(`/held/${id}`))
  await until(() => begun.length === 2, 'two to be at work')
  t.match(await client.get('/quick'), FULL)
  t.match(await client.get('/nowhere'), FULL, 'whatever is asked for')
  t.match(await client.get('/healthz'), { status: 200 })
  t.match(await client.get('/healthz/'), { status: 404 }, 'however it is written')
  release()
  for (const answer of await Promise.all(held)) t.match(answer, { status: 200 })
  t.match(await client.get('/quick'), { status: 200 }, 'their places are free again')
})

t.test('a request that nobody waits for any more holds its place until it is done', async (t) => {
  const { app, port, begun, release } = await startFlow(t, { maxAtWork: 1 })
  const client = createClient(`http://127.0.0.1:${port}`)
  const gone = await openRaw(port)
  gone.write(get('/held/1'))
  await until(() => begun.length === 1, 'it to be at work')
  gone.destroy()
  await until(
    () => new Promise((done) => app.server.getConnections((_, count) => done(count === 0))),
    'its end',
  )
  t.match(await client.get('/quick'), FULL, 'what it asked of the database is still asked')
  release()
  await until(async () => (await client.get('/quick')).status === 200, 'its place to be free')
})

t.test('who sends slowly, takes slowly or goes away in between holds no place', async (t) => {
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
  await until(() => requests === 3, 'all to have come')
  gone.destroy()
  t.match(await client.get('/quick'), { status: 200 })
  slow.write('xt":""}')
  await slow.expect(/"length":0/)
  for (const connection of [slow, unread]) connection.destroy()
})
