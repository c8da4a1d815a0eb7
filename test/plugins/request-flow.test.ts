import t from 'tap'
import { createClient } from '../helpers/http-client.js'
import { httpHead, openRaw } from '../helpers/raw-connection.js'
import { until } from '../helpers/until.js'
import { startFlow } from './flow-app.js'

const get = (path: string) => httpHead(`GET ${path} HTTP/1.1`, 'Host: localhost')
const answers = (text: string) => [...text.matchAll(/\{"id":"(\d+)"\}/g)].map(([, id]) => id)
const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i))

t.test('requests of one connection are begun one after the other, and answered in their order', async (t) => {
  const { port, begun, release } = await startFlow(t)
  const connection = await openRaw(port)
  connection.write(['/held/1', '/held/2', '/held/3'].map(get).join(''))
  await until(() => begun.length > 0, 'the first to begin')
  t.match(await createClient(`http://127.0.0.1:${port}`).get('/quick'), { status: 200 }, 'others go on')
  t.same(begun, ['1'], 'one is under way')
  release()
  await connection.expect(/"id":"3"/)
  t.same(begun, ids(1, 3))
  t.same(answers(connection.text), ids(1, 3))
  connection.destroy()
})

t.test('32 requests wait; one more, and the connection is cut and none of them begins', async (t) => {
  const { app, port, begun, release } = await startFlow(t)
  const [patient, hasty] = [await openRaw(port), await openRaw(port)]
  patient.write(
    ids(1, 33)
      .map((id) => get(`/held/${id}`))
      .join(''),
  )
  await until(() => begun.length === 1, 'the first to begin')
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

t.test('what waits on a connection that has gone is never begun', async (t) => {
  const { app, port, begun, release } = await startFlow(t)
  const connection = await openRaw(port)
  connection.write(
    ids(1, 3)
      .map((id) => get(`/held/${id}`))
      .join(''),
  )
  await until(() => begun.length === 1, 'the first to begin')
  // the service does not read while requests wait: it hears of the end when it answers
  connection.socket.resetAndDestroy()
  release()
  await until(
    () => new Promise((done) => app.server.getConnections((_, count) => done(count === 0))),
    'its end',
  )
  await createClient(`http://127.0.0.1:${port}`).get('/quick')
  t.same(begun, ['1'])
})

t.test('bodies that come while others wait are read when it is their turn', async (t) => {
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
  await until(() => begun.length === 1, 'the first to begin')
  release()
  await connection.expect(/"id":"2"/)
  t.same(connection.text.match(/"length":900000/g)?.length, 2)
  t.same(connection.text.match(/HTTP\/1\.1 200/g)?.length, 4)
  connection.destroy()
})

t.test(
  'nothing is read from a connection on which requests wait: who sends slowly enough is not cut',
  async (t) => {
    const { port, begun, release } = await startFlow(t)
    const connection = await openRaw(port)
    // far more than wait at the most, but only some of them in one read
    const long = (path: string) =>
      httpHead(`GET ${path} HTTP/1.1`, 'Host: localhost', `X: ${'x'.repeat(8000)}`)
    connection.write(
      ids(1, 200)
        .map((id) => long(`/held/${id}`))
        .join(''),
    )
    await until(() => begun.length === 1, 'the first to begin')
    await createClient(`http://127.0.0.1:${port}`).get('/quick')
    release()
    await connection.expect(/"id":"200"/)
    t.same(answers(connection.text), ids(1, 200))
    connection.destroy()
  },
)
