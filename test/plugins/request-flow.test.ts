import t from 'tap'
import { createClient } from '../helpers/http-client.js'
import { httpHead, openRaw } from '../helpers/raw-connection.js'
import { until } from '../helpers/until.js'
import { startFlow } from './flow-app.js'

const get = (path: string) => httpHead(`GET ${path} HTTP/1.1`, 'Host: localhost')
const answers = (text: string) => [...text.matchAll(/\{"id":"(\d+)"\}/g)].map(([, id]) => id)
const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i))

t.test('requests of one connection start one after the other, and are answered in order', async (t) => {
  const { port, begun, release } = await startFlow(t)
  const connection = await openRaw(port)
  connection.write(['/held/1', '/held/2', '/held/3'].map(get).join(''))
  await until(() => begun.length > 0, 'the first to start')
  t.match(await createClient(`http://127.0.0.1:${port}`).get('/quick'), { status: 200 }, 'others go on')
  t.same(begun, ['1'], 'one is under way')
  release()
  await connection.expect(/"id":"3"/)
  t.same(begun, ids(1, 3))
  t.same(answers(connection.text), ids(1, 3))
  connection.destroy()
})

t.test('32 requests may wait; one more, and the connection is cut and none of them starts', async (t) => {
  const { app, port, begun, release } = await startFlow(t)
  const [patient, hasty] = [await openRaw(port), await openRaw(port)]
  patient.write(
    ids(1, 33)
      .map((id) => get(`/held/${id}`))
      .join(''),
  )
  await until(() => begun.length === 1, 'the first to start')
  hasty.write(
    ids(101, 134)
      .map((id) => get(`/held/${id}`))
      .join(''),
  )
  await hasty.closed()
  await until(
    () => new Promise((done) => app.server.getConnections((_, count) => done(count === 1))),
    'its end',
  )
  release()
  await patient.expect(/"id":"33"/)
  t.same(answers(patient.text), ids(1, 33))
  t.same(hasty.text, '')
  t.same(begun, ['1', '101', ...ids(2, 33)])
  patient.destroy()
})

t.test('requests waiting on a closed connection never start', async (t) => {
  const { app, port, begun, release } = await startFlow(t)
  const connection = await openRaw(port)
  connection.write(
    ids(1, 3)
      .map((id) => get(`/held/${id}`))
      .join(''),
  )
  await until(() => begun.length === 1, 'the first to start')
  // the service does not read while requests wait: it notices the close when it responds
  connection.socket.resetAndDestroy()
  release()
  await until(
    () => new Promise((done) => app.server.getConnections((_, count) => done(count === 0))),
    'its end',
  )
  await createClient(`http://127.0.0.1:${port}`).get('/quick')
  t.same(begun, ['1'])
})

t.test('bodies of waiting requests are read when those requests start', async (t) => {
  const { port, begun, release } = await startFlow(t)
  const connection = await openRaw(port)
  const text = 'x'.repeat(900_000)
  const body = JSON.stringify({ text })
  const post = httpHead(
    'POST /length HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  )
  connection.write(get('/held/1') + post + body + post + body + get('/held/2'))
  await until(() => begun.length === 1, 'the first to start')
  release()
  await connection.expect(/"id":"2"/)
  t.same(connection.text.match(/"length":900000/g)?.length, 2)
  t.same(connection.text.match(/HTTP\/1\.1 200/g)?.length, 4)
  connection.destroy()
})

t.test(
  'a connection with waiting requests is not read, so a client that sends more is paused, not cut',
  async (t) => {
    const { port, begun, release } = await startFlow(t)
    const connection = await openRaw(port)
    // far more than may wait, but only some of them in one read
    const long = (path: string) =>
      httpHead(`GET ${path} HTTP/1.1`, 'Host: localhost', `X: ${'x'.repeat(8000)}`)
    connection.write(
      ids(1, 200)
        .map((id) => long(`/held/${id}`))
        .join(''),
    )
    await until(() => begun.length === 1, 'the first to start')
    await createClient(`http://127.0.0.1:${port}`).get('/quick')
    release()
    await connection.expect(/"id":"200"/)
    t.same(answers(connection.text), ids(1, 200))
    connection.destroy()
  },
)
