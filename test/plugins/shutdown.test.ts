import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { httpHead, openRaw } from '../helpers/raw-connection.js'
import { until } from '../helpers/until.js'
import { startFlow } from './flow-app.js'

// What is on its way on connections that a node has accepted, while it stops.

const get = (path: string) => httpHead(`GET ${path} HTTP/1.1`, 'Host: localhost')
const closings = (text: string) => [...text.matchAll(/^connection: (\S+)/gim)].map(([, value]) => value)
const bodies = (text: string) => [...text.matchAll(/\{"(?:id|quick)":.*?\}/g)].map(([body]) => body)

/** A node that is stopping, with a connection on which one request was accepted before and is not answered yet. */
async function startStopping(t: Test, sent: string) {
  // no time of the shutdown's runs out while a test works
  const now = performance.now()
  const clock = mock.method(performance, 'now', () => now)
  const restore = () => clock.mock.restore()
  t.teardown(restore)
  const flow = await startFlow(t, { env: { LAME_DUCK_SECONDS: '1' } })
  const connection = await openRaw(flow.port)
  t.teardown(() => connection.destroy())
  connection.write(sent)
  await until(() => flow.begun.length === 1, 'the request to be accepted')
  const closed = Promise.resolve(flow.app.close())
  await until(() => flow.app.shuttingDown, 'the shutdown')
  const finished = () => {
    restore()
    return closed
  }
  return { ...flow, connection, finished }
}

t.test('a request from before the shutdown is the last one on its connection', async (t) => {
  const { connection, release, finished } = await startStopping(t, get('/held/1'))
  release()
  await connection.closed()
  t.same(bodies(connection.text), ['{"id":"1"}'])
  t.same(closings(connection.text), ['close'], 'so that no proxy keeps the connection')
  await finished()
})

t.test('pipelined requests from before the shutdown are all answered', async (t) => {
  const { connection, release, finished } = await startStopping(t, get('/held/1') + get('/held/2'))
  release()
  await connection.closed()
  t.same(bodies(connection.text), ['{"id":"1"}', '{"id":"2"}'])
  t.same(closings(connection.text).at(-1), 'close')
  await finished()
})

t.test('after a response that had begun before the shutdown, one more request is answered', async (t) => {
  const { app, connection, release, finished } = await startStopping(t, get('/begun/1'))
  release()
  await connection.expect(/"id":"1"/)
  await until(() => !app.server.listening, 'the node to stop listening')
  connection.write(get('/quick'))
  await connection.closed()
  t.same(bodies(connection.text), ['{"id":"1"}', '{"quick":true}'])
  t.same(closings(connection.text), ['keep-alive', 'close'])
  await finished()
})

t.test('a response that is read slowly is sent to its end', async (t) => {
  const { app, connection, release, finished } = await startStopping(t, get('/held/1') + get('/large'))
  connection.socket.pause()
  release()
  await until(() => !app.server.listening, 'the node to stop listening')
  connection.socket.resume()
  await connection.closed()
  t.match(connection.text, /content-length: 33554432/i)
  t.equal(connection.text.slice(connection.text.lastIndexOf('\r\n\r\n') + 4).length, 32 * 1024 * 1024)
  await finished()
})

t.test('what is still open after the grace is cut', async (t) => {
  const { connection, finished } = await startStopping(t, get('/held/1'))
  const silent = connection.closed()
  await finished()
  await silent
  t.same(connection.text, '', 'a request that takes longer has no response')
})
