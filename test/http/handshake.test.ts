import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import { headWithoutUpgrade, namesWebSocket } from '../../src/http/handshake.js'
import { countHeader, originFormPath, readId } from '../../src/http/request-target.js'

t.test('an id has exactly one spelling', async (t) => {
  t.equal(readId('1'), 1)
  t.equal(readId('2147483647'), 2_147_483_647)
  const odd = [
    '',
    '0',
    '01',
    '1e3',
    '0x10',
    '%31',
    '+1',
    '-1',
    '1.5',
    '2147483648',
    '99999999999',
    ' 1',
    '1\n',
    '１',
  ]
  for (const text of [...odd, '__proto__']) t.equal(readId(text), null, text)
})

t.test('the path of a request target, and the count of a raw header', async (t) => {
  t.equal(originFormPath('/a/b?c#d'), '/a/b')
  for (const target of [undefined, '', '*', 'http://a/b', 'a']) t.equal(originFormPath(target), null)
  t.equal(countHeader(['Host', 'a', 'X', 'host', 'hOST', 'b'], 'host'), 2)
})

t.test('which Upgrade headers offer a WebSocket', async (t) => {
  for (const upgrade of ['websocket', 'WebSocket', 'h2c, websocket', 'websocket ,h2c', 'websocket/13'])
    t.ok(namesWebSocket(upgrade), upgrade)
  for (const upgrade of [undefined, '', 'h2c', 'websockets', 'not-websocket', 'h2c/websocket', 'web socket'])
    t.notOk(namesWebSocket(upgrade), String(upgrade))
})

t.test('ignoring an upgrade keeps the rest of the head, and closes the connection', async (t) => {
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
})
