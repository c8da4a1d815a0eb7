import { Signer } from '@fastify/cookie'
import t from 'tap'
import { type Handshake, shakeHands } from '../helpers/handshakes.js'
import { countOpen } from '../helpers/listen.js'
import { startService } from '../helpers/service.js'
import { untilSame } from '../helpers/until.js'
import { gather } from './people.js'

type Case = [name: string, change: Partial<Handshake>, status: number, code: string]

const FOREIGN = 403
const MALFORMED = 'malformed_handshake'
/** Handshakes that must be refused on every socket. */
function cases(port: number, mine: string): Case[] {
  const own = `http://127.0.0.1:${port}`
  const token = decodeURIComponent(mine.slice(mine.indexOf('=') + 1))
  const unsigned = token.slice(0, token.indexOf('.'))
  const foreignSecret = encodeURIComponent(new Signer('a-secret-of-somebody-else-entirely!!').sign(unsigned))
  const origin = (name: string, value: string | null): Case => [
    `Origin ${name}`,
    { origin: value },
    FOREIGN,
    'origin_not_allowed',
  ]
  const cookie = (name: string, value: string | null): Case => [
    `cookie ${name}`,
    { cookie: value },
    401,
    'unauthenticated',
  ]
  const form = (name: string, change: Partial<Handshake>): Case => [name, change, 400, MALFORMED]
  const host = (name: string, change: Partial<Handshake>): Case => [
    `Host ${name}`,
    change,
    400,
    'disallowed_host',
  ]
  return [
    cookie('none', null),
    cookie('tampered', `${mine}x`),
    cookie(
      'with another token',
      mine.replace(/=./, (two) => `=${two.endsWith('A') ? 'B' : 'A'}`),
    ),
    cookie('unsigned', `sessionid=${unsigned}`),
    cookie('quoted', `sessionid="${token}"`),
    cookie('doubled', `${mine}; ${mine}`),
    cookie('doubled, the other empty', `sessionid=; ${mine}`),
    cookie('of another secret', `sessionid=${foreignSecret}`),
    cookie('of another name', mine.replace('sessionid', 'Sessionid')),
    cookie('of another prefix', mine.replace('sessionid', '__Host-sessionid')),
    ['cookie doubled in two headers', { extra: [`Cookie: ${mine}`] }, 401, 'unauthenticated'],
    origin('missing', null),
    origin('empty', ''),
    origin('null', 'null'),
    origin('foreign', 'http://evil.example'),
    origin('of a sibling subdomain', `http://other.127.0.0.1:${port}`),
    origin('with our host as a prefix', `http://127.0.0.1:${port}.evil.example`),
    origin('with our host as a suffix', `http://evil127.0.0.1:${port}`),
    origin('of another port', `http://127.0.0.1:${port + 1}`),
    origin('without the port', 'http://127.0.0.1'),
    origin('in upper case', own.replace('http', 'HTTP')),
    origin('with a trailing dot', `http://127.0.0.1.:${port}`),
    origin('with a user', `http://x@127.0.0.1:${port}`),
    origin('with a path', `${own}/`),
    origin('with a query', `${own}?x`),
    origin('of another scheme', `ws://127.0.0.1:${port}`),
    origin('twice in one', `${own}, ${own}`),
    ['Origin doubled', { extra: [`Origin: ${own}`] }, FOREIGN, 'origin_not_allowed'],
    ['Origin doubled, foreign', { extra: ['Origin: http://evil.example'] }, FOREIGN, 'origin_not_allowed'],
    [
      'Origin by name and port',
      { host: '127.0.0.1', origin: 'http://127.0.0.1:80' },
      FOREIGN,
      'origin_not_allowed',
    ],
    ...['cross-site', 'same-site', 'none', 'same-origin, cross-site', ''].map((site): Case => {
      return [`Sec-Fetch-Site ${site}`, { extra: [`Sec-Fetch-Site: ${site}`] }, FOREIGN, 'origin_not_allowed']
    }),
    host('foreign', { host: 'evil.example', origin: 'http://evil.example' }),
    host('with a user', { host: `x@127.0.0.1:${port}` }),
    host('with a bad port', { host: '127.0.0.1:99999' }),
    host('empty', { host: '' }),
    host('missing', { host: null }),
    host('doubled', { extra: [`Host: 127.0.0.1:${port}`] }),
    host('doubled, foreign', { extra: ['Host: evil.example'] }),
    ...['8', '12', '14', '', '13, 8'].map((version) => form(`version ${version}`, { version })),
    form('no version', { version: null }),
    form('no key', { key: null }),
    form('a short key', { key: 'c2hvcnQ=' }),
    form('a key that is no Base64', { key: '!!!!!!!!!!!!!!!!!!!!!!==' }),
    form('two keys', { extra: ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='] }),
    form('another upgrade', { upgrade: 'h2c' }),
    form('two upgrades', { upgrade: 'websocket, h2c' }),
    form('HTTP/1.0', { http: 'HTTP/1.0' }),
    form('a body by length', { extra: ['Content-Length: 5'], body: 'hello' }),
    form('a length of 00', { extra: ['Content-Length: 00'] }),
    form('a body in chunks', { extra: ['Transfer-Encoding: chunked'], body: '5\r\nhello\r\n0\r\n\r\n' }),
    form('a bad subprotocol', { extra: ['Sec-WebSocket-Protocol: a b'] }),
    form('a subprotocol twice', { extra: ['Sec-WebSocket-Protocol: a, a'] }),
    form('250 headers', { extra: Array.from({ length: 250 }, (_, i) => `X-${i}: 1`) }),
  ]
}

t.test(
  'every socket refuses every invalid handshake with its status and code, and leaves nothing open',
  async (t) => {
    const service = await startService(t, { demo: true, env: { RATE_LIMITS: 'off' } })
    const { app, port, db } = service
    const people = await gather(service)
    const sessions = await db.session.count()
    const sockets = app.routeTable.filter(({ isSocket, method }) => isSocket && method === 'GET')
    t.ok(sockets.length >= 3, `the table has ${sockets.length} sockets`)
    for (const { url } of sockets) {
      const isOrder = url.includes(':')
      const path = url.replace(':orderId', String(people.orderId))
      // without the device's mark
      const mine = `sessionid=${(isOrder ? people.guest : people.staff).cookies.get('sessionid')}`
      const good: Handshake = { path, cookie: mine }
      t.equal((await shakeHands(port, good)).status, 101, `${path} opens`)
      t.equal(
        (await shakeHands(port, { ...good, path: path.replace(/\/$/, '') })).status,
        101,
        'without the slash',
      )
      const absolute = `//127.0.0.1:${port}${path}`
      const list: Case[] = [
        ...cases(port, mine),
        ['an absolute-form target', { path: `http:${absolute}` }, 400, MALFORMED],
        ['an absolute-form target of a socket', { path: `ws:${absolute}` }, 400, MALFORMED],
        ['the wrong user', { cookie: (isOrder ? people.otherGuest : people.guest).cookie }, 403, 'forbidden'],
      ]
      await t.test(url, async (t) => {
        for (const [name, change, status, code] of list) {
          const answer = await shakeHands(port, { ...good, ...change })
          t.match(
            { status: answer.status, code: answer.code, rest: answer.rest },
            { status, code, rest: '' },
            name,
          )
          t.notOk(answer.headers.has('set-cookie'), `${name}: no cookie`)
          t.ok(answer.headers.has('content-security-policy'), `${name}: security headers`)
        }
      })
      for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE']) {
        const upgrade = await shakeHands(port, { ...good, method })
        t.equal(upgrade.status, 404, `${method} with an upgrade`)
        t.match((await people.staff.request(method, path)).status, 404, `${method} without`)
      }
      t.equal((await people.staff.get(path)).status, 426, 'GET without an upgrade')
    }
    await untilSame(
      t,
      'nothing is left open',
      async () => ({
        connections: await countOpen(app.server),
        hub: app.hub.connections.size,
        lingering: app.hub.lingering.size,
        sessions: await db.session.count(),
      }),
      { connections: 0, hub: 0, lingering: 0, sessions },
    )
  },
)

t.test('malformed ids get 400; another user’s order and a missing order get the same response', async (t) => {
  const service = await startService(t, { demo: true, env: { RATE_LIMITS: 'off' } })
  const { port } = service
  const { guest, otherGuest, admin, staff, otherStaff, orderId } = await gather(service)
  const ask = (id: string | number, cookie = guest.cookie) =>
    shakeHands(port, { path: `/ws/payment-socket/${id}/`, cookie })
  const odd = [
    '0',
    '01',
    '1e3',
    '0x10',
    '%31',
    `%3${orderId}`,
    '+1',
    '-1',
    '1.5',
    '1.0',
    '2147483648',
    '99999999999',
  ]
  for (const id of [...odd, '__proto__', 'constructor', 'NaN', '%00', '1%00', '%20', '１', 'x'.repeat(100)]) {
    const answer = await ask(encodeURI(id).replaceAll('%25', '%'))
    t.match(answer, { status: 400, code: 'malformed_id' }, id)
  }
  t.match(await ask(''), { status: 400, code: 'malformed_id' }, 'empty')
  for (const path of [
    `/ws/payment-socket/${orderId}/x/`,
    `/ws/payment-socket/${orderId};x/`,
    '/ws/payment-socket',
  ]) {
    const { status } = await shakeHands(port, { path, cookie: guest.cookie })
    t.ok([400, 404].includes(status), `${path}: ${status}`)
  }
  const answers = await Promise.all([
    ask(orderId, otherGuest.cookie),
    ask(2_147_483_647, otherGuest.cookie),
    ask(2_147_483_647, guest.cookie),
    ask(orderId, otherStaff.cookie),
    ask(2_147_483_647, staff.cookie),
    ask(2_147_483_647, admin.cookie),
  ])
  const [first, ...others] = answers.map((answer) => {
    const headers = [...answer.headers].filter(([name]) => name !== 'date' && name !== 'x-request-id')
    return { status: answer.status, body: answer.body, headers }
  })
  t.match(first, { status: 403 })
  for (const other of others) t.same(other, first, 'same status, headers and body')
  for (const who of [guest, staff, admin]) t.equal((await ask(orderId, who.cookie)).status, 101)
})
