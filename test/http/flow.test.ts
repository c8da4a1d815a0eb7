import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import { Turns } from '../../src/concurrency/serial-queue.js'
import { headWithoutUpgrade, namesWebSocket } from '../../src/http/upgrade.js'
import { Seldom } from '../../src/logging.js'

t.test('one turn at a time for each key, in order, up to the bound', async (t) => {
  const turns = new Turns<object>(2)
  const [a, b] = [{}, {}]
  const ran: string[] = []
  const take = (key: object, name: string) => turns.take(key, () => ran.push(name))
  t.same(
    [take(a, 'a1'), take(b, 'b1'), take(a, 'a2'), take(a, 'a3'), take(a, 'a4')],
    [true, true, true, true, false],
  )
  t.same(ran, ['a1', 'b1'])
  t.equal(turns.waiting(a), 2)
  turns.done(a)
  t.same(ran, ['a1', 'b1', 'a2'])
  t.ok(take(a, 'a5'), 'there is room again')
  turns.done(a)
  turns.done(a)
  turns.done(a)
  t.same(ran, ['a1', 'b1', 'a2', 'a3', 'a5'])
  t.notOk(turns.isTaken(a))
  t.ok(turns.isTaken(b))
  take(b, 'b2')
  turns.drop(b)
  turns.done(b)
  t.same(ran.at(-1), 'a5', 'what was dropped does not run')
})

t.test('what happens in floods is told once in a while, with the number that went untold', async (t) => {
  const seldom = new Seldom(1000)
  const told = [5, 6, 1004.9, 1005, 1006, 9000, 20_000].map((now) => seldom.happened(now))
  t.same(told, [0, null, null, 2, null, 1, 0])
})

t.test('which upgrades are for a WebSocket', async (t) => {
  for (const upgrade of ['websocket', 'WebSocket', 'h2c, websocket', 'websocket ,h2c', 'websocket/13'])
    t.ok(namesWebSocket(upgrade), upgrade)
  for (const upgrade of [undefined, '', 'h2c', 'websockets', 'not-websocket', 'h2c/websocket', 'web socket'])
    t.notOk(namesWebSocket(upgrade), String(upgrade))
})

t.test(
  'a head without the wish to upgrade is the same otherwise, and the last of its connection',
  async (t) => {
    const request = new IncomingMessage(new Socket())
    Object.assign(request, { method: 'POST', url: '/a?b=\xe9', httpVersion: '1.1' })
    request.rawHeaders = [
      'Host',
      'x',
      'Connection',
      'Upgrade, HTTP2-Settings',
      'Upgrade',
      'h2c',
      'connection',
      'keep-alive',
    ]
    request.rawHeaders.push('X-Twice', '1', 'x-twice', '\xff', 'Content-Length', '5')
    t.equal(
      headWithoutUpgrade(request),
      'POST /a?b=\xe9 HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nX-Twice: 1\r\nx-twice: \xff\r\nContent-Length: 5\r\nConnection: close\r\n\r\n',
    )
  },
)
