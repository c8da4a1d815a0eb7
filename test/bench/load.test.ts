import { createServer } from 'node:http'
import t from 'tap'
import { WebSocketServer } from 'ws'
import { goalsOf, median, tableOf } from '../../bench/figures.js'
import { Calls } from '../../bench/load/calls.mjs'
import { LoadSocket } from '../../bench/load/sockets.mjs'
import { listen } from '../helpers/listen.js'
import { until } from '../helpers/until.js'

t.test('the load counts every frame, however long, and however the stream is cut', async (t) => {
  const server = createServer()
  const sockets = new WebSocketServer({ server, perMessageDeflate: false })
  t.teardown(() => server.close())
  const received: string[] = []
  const pongs: string[] = []
  // at once: the load subscribes as soon as it is connected
  sockets.on('connection', (client) => {
    client.on('message', (data) => void received.push(String(data)))
    client.on('pong', (data) => void pongs.push(String(data)))
  })
  const port = await listen(server)
  const counts = { joined: 0, events: 0 }
  const socket = new LoadSocket(
    { port, path: '/', protocol: 'houselights.v1', cookie: '' },
    { joined: () => counts.joined++, event: () => counts.events++, closed: () => {} },
  )
  t.teardown(() => socket.destroy())
  const [client] = await until(() => sockets.clients.size > 0 && [...sockets.clients], 'a socket')
  const others = ['hello', 'expiring', 'error', 'stale', 'presence', 'snapshot']
  for (const type of others) client?.send(JSON.stringify({ type }))
  client?.ping('are you there')
  for (const size of [0, 80, 125, 126, 4000, 65_535, 65_536, 300_000])
    client?.send(JSON.stringify({ type: 'event', data: 'x'.repeat(size) }))
  await until(() => counts.events === 8 && pongs.length === 1, 'all frames and the pong')
  t.same(counts, { joined: 1, events: 8 })
  t.same(received, ['{"type":"subscribe"}'])
  t.same(pongs, ['are you there'])
})

t.test('a call is answered, on a connection that the server closed too', async (t) => {
  let calls = 0
  const server = createServer((request, response) => {
    const status = request.url === '/no' ? 409 : 201
    request.resume().once('end', () => {
      calls++
      // chunked, without a length
      response.writeHead(status)
      response.write('{')
      response.end('}')
    })
  })
  t.teardown(() => server.close())
  const client = new Calls(await listen(server))
  t.teardown(() => client.close())
  const call = (path: string) => client.send({ path, headers: { 'x-a': 'b' }, body: '{"a":"é"}' })
  t.equal(await call('/yes'), 201)
  server.closeAllConnections()
  await until(() => client.lines.size === 0, 'the connection to be closed')
  t.same(await Promise.all([call('/yes'), call('/no')]), [201, 409])
  t.equal(calls, 3)
})

t.test('figures: the median, the spread and the goals', async (t) => {
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 2, 3]), 2.5)
  const goals = [
    { of: 'ours', to: 'theirs', atMost: 2 },
    { of: 'ours', to: 'theirs', atLeast: 4 },
    { of: 'ours', to: 'nobody', atMost: 1 },
  ]
  const figure = { name: 'time', unit: 'ms', samples: { ours: [6, 5, 7], theirs: [2] }, goals }
  t.equal(tableOf('A', [figure]), '| A | ours | theirs |\n| --- | --: | --: |\n| time (ms) | 6 (5–7) | 2 |')
  t.same(goalsOf([figure]), [
    'time: ours is 3 × theirs; at most 2 is asked for: not met',
    'time: ours is 3 × theirs; at least 4 is asked for: not met',
  ])
})
