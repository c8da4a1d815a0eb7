import { Signer } from '@fastify/cookie'
import pg from 'pg'
import t, { type Test } from 'tap'
import { verified } from '../helpers/counted-hashes.js'
import { postOrder } from '../helpers/customers.js'
import { testDatabase } from '../helpers/database.js'
import { parseAnswer, readAnswer, shakeHands } from '../helpers/handshakes.js'
import { createClient, type HttpClient } from '../helpers/http-client.js'
import { httpHead, openRaw, sendRaw } from '../helpers/raw-connection.js'
import { startService, TEST_SECRETS } from '../helpers/service.js'
import { DEMO_PASSWORD, signIn } from '../helpers/sign-in.js'
import { connect } from '../helpers/socket-client.js'

const PATH = '/ws/all-seat-datasocket/'
const CREDENTIALS = { username: 'staff', password: DEMO_PASSWORD }
const cookieValue = ({ cookies }: HttpClient) => decodeURIComponent(cookies.get('sessionid') ?? '')
const clientWith = (url: string, value: string) => {
  const client = createClient(url)
  client.cookies.set('sessionid', value)
  return client
}

t.test('creates no session for unauthenticated requests and handshakes', async (t) => {
  const { url, port, db } = await startService(t, { demo: true, env: { RATE_LIMITS: 'off' } })
  const staff = await signIn(url, 'staff')
  const old = staff.cookie
  await staff.post('/api/auth/logout')
  for (const cookie of [null, 'sessionid=x', 'sessionid=x.y', old]) {
    const shake = await shakeHands(port, { path: PATH, cookie })
    t.match(shake, { status: 401 })
    t.notOk(shake.headers.has('set-cookie'))
    for (const path of ['/api/auth/session', '/nope', '/api/seats/demo-a1', '/healthz']) {
      const answer = await createClient(url).get(path, cookie === null ? {} : { headers: { cookie } })
      t.notOk(answer.headers['set-cookie'], `${path}: no cookie`)
    }
  }
  t.equal(await db.session.count(), 0)
})

t.test('a login creates a new id, never adopts a planted one, and ends the old session', async (t) => {
  const { url, db, app } = await startService(t, { demo: true })
  const planted = ['planted', new Signer(TEST_SECRETS.SECRET_KEY).sign('planted')]
  for (const value of planted) {
    const client = clientWith(url, encodeURIComponent(value))
    t.equal((await client.get('/api/auth/session')).status, 401)
    t.equal((await client.post('/api/auth/login', CREDENTIALS)).status, 200)
    t.notMatch(cookieValue(client), /planted/)
  }
  const client = createClient(url)
  await postOrder(client)
  const asGuest = client.cookie
  await client.post('/api/auth/login', CREDENTIALS)
  const first = client.cookie
  await client.post('/api/auth/login', CREDENTIALS)
  t.equal(new Set([asGuest, first, client.cookie]).size, 3)
  for (const dead of [asGuest, first]) {
    t.equal((await createClient(url).get('/api/auth/session', { headers: { cookie: dead } })).status, 401)
  }
  const token = cookieValue(client).split('.')[0] ?? ''
  t.ok(Buffer.from(token, 'base64url').length >= 16, '128 random bits or more')
  const rows = JSON.stringify(await db.session.findMany(), (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  )
  t.notOk(rows.includes(token), 'stored hashed')
  const doubled = { headers: { cookie: `${client.cookie}; sessionid=x` } }
  t.equal(
    (await createClient(url).get('/api/auth/session', doubled)).status,
    401,
    'two cookies count as none',
  )
  const joined = { headers: ['Cookie', client.cookie, 'Cookie', client.cookie] }
  t.equal((await createClient(url).get('/api/auth/session', joined)).status, 401, 'also in two headers')
  t.equal(app.sessionCookie.name, 'sessionid')
})

t.test('the cookie has the right flags and expiry, and its value appears nowhere else', async (t) => {
  const { url } = await startService(t, { demo: true })
  const client = createClient(url)
  const before = Date.now()
  const login = await client.post('/api/auth/login', CREDENTIALS)
  const after = Date.now()
  const [line = ''] = login.headers['set-cookie'] ?? []
  t.match(line, /; Path=\//)
  t.match(line, /; HttpOnly/)
  t.match(line, /; SameSite=Lax/)
  t.notMatch(line, /Domain|Max-Age/i)
  const expires = Date.parse(/Expires=([^;]+)/.exec(line)?.[1] ?? '')
  // the Expires attribute has a resolution of seconds
  t.ok(
    expires >= before + 43_200_000 - 1000 && expires <= after + 43_200_000 + 1000,
    'expires at the absolute end of the session',
  )
  const token = cookieValue(client).split('.')[0] ?? ''
  const socket = await connect(`${url}${PATH}`, { cookie: client.cookie, protocol: 'houselights.v1' })
  await socket.expect({ type: 'hello' })
  const answers = await Promise.all(
    ['/api/auth/session', '/api/auth/sessions', '/api/theatres/1/orders', '/metrics'].map((path) =>
      client.get(path),
    ),
  )
  for (const { text } of [login, ...answers]) t.notOk(text.includes(token))
  t.notOk(socket.texts.join().includes(token))
  await socket.close()
})

t.test('accepts cookies of an old secret only while it is in SECRET_KEY_FALLBACKS', async (t) => {
  const database = await testDatabase(t, { demo: true })
  const before = await startService(t, { database })
  const staff = await signIn(before.url, 'staff')
  const SECRET_KEY = 'another-signing-secret-that-nobody-may-see'
  const listed = await startService(t, {
    database,
    env: { SECRET_KEY, SECRET_KEY_FALLBACKS: TEST_SECRETS.SECRET_KEY },
  })
  const gone = await startService(t, { database, env: { SECRET_KEY } })
  const options = { headers: { cookie: staff.cookie } }
  for (const [node, status, shake] of [
    [listed, 200, 101],
    [gone, 401, 401],
  ] as const) {
    t.equal((await createClient(node.url).get('/api/auth/session', options)).status, status)
    t.equal((await shakeHands(node.port, { path: PATH, cookie: staff.cookie })).status, shake)
  }
})

t.test('a slow request in progress at logout does not revive the session', async (t) => {
  const { url, port, db } = await startService(t, { demo: true, env: { RATE_LIMITS: 'off' } })
  const staff = await signIn(url, 'staff')
  const cookie = staff.cookie
  // idle for long enough that the next request updates last_seen_at
  const age = () => db.$executeRaw`UPDATE sessions SET last_seen_at = now() - interval '30 minutes'`
  const body = JSON.stringify({ currentPassword: DEMO_PASSWORD, newPassword: 'another-password-4711' })
  const slow = await Promise.all(
    ['/api/auth/password', '/api/auth/login', '/api/auth/guest'].map(async (path) => {
      const connection = await openRaw(port)
      connection.write(
        `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
      )
      return connection
    }),
  )
  await age()
  const reads = Array.from({ length: 100 }, () =>
    createClient(url).get('/api/auth/session', { headers: { cookie } }),
  )
  const socket = await connect(`${url}${PATH}`, { cookie, protocol: 'houselights.v1' })
  await staff.post('/api/auth/logout')
  for (const connection of slow) connection.write(body)
  const answers = await Promise.all(slow.map(readAnswer))
  await Promise.all(reads)
  t.match(answers[0], { status: 401 }, 'the password is not changed')
  t.equal((await socket.closed()).code, 4401)
  t.equal((await createClient(url).get('/api/auth/session', { headers: { cookie } })).status, 401)
  t.equal((await shakeHands(port, { path: PATH, cookie })).status, 401)
  t.equal(
    await db.session.count({ where: { user: { username: 'staff' } } }),
    0,
    'the user has no session left',
  )
  for (const answer of answers) {
    const set = answer.headers.get('set-cookie') ?? ''
    if (set === '') continue
    const again = await createClient(url).get<{ user?: { role: string } }>('/api/auth/session', {
      headers: { cookie: set.split(';')[0] ?? '' },
    })
    // without a session, a request for a guest session creates a new guest
    if (again.status !== 401)
      t.equal(again.body.user?.role, 'customer', 'a new cookie gives no access to the user’s account')
  }
  t.ok(parseAnswer(slow[1]?.text ?? '').status >= 400)
})

/** Returns the statements on users and sessions that this process has sent since the last call. */
function statementsOf(t: Test): () => string[] {
  const calls = t.capture(pg.Client.prototype, 'query', pg.Client.prototype.query)
  return () =>
    calls()
      .map(({ args: [query] }) => String(Reflect.get(Object(query), 'text') ?? query))
      .filter((sql) => /\b(?:users|sessions)\b/.test(sql))
}

t.test('unknown name, wrong password, disabled account: one answer, after the same work', async (t) => {
  const { url, db } = await startService(t, { demo: true, env: { RATE_LIMITS: 'off' } })
  await db.user.update({ where: { username: 'staff2' }, data: { isActive: false } })
  const tries = [
    { username: 'nobody', password: DEMO_PASSWORD },
    { username: 'staff', password: 'wrong' },
    { username: 'staff2', password: DEMO_PASSWORD },
    { username: 'a\u0000b', password: 'nul\u0000nul' },
    { username: "' OR 1=1 --", password: '{"not":0}' },
  ]
  // the first sign-in also asks which kinds of imported hashes there are, whoever it is
  await createClient(url).post('/api/auth/login', { username: 'nobody', password: 'nothing' })
  const statements = statementsOf(t)
  const seen: { text: string; costs: string[]; sql: string[] }[] = []
  for (const given of tries) {
    verified.length = 0
    statements()
    const answer = await createClient(url).post('/api/auth/login', given)
    t.equal(answer.status, 401)
    const costs = verified.map((hashed) => hashed.split('$').slice(0, 4).join('$'))
    seen.push({ text: answer.text, costs, sql: statements() })
  }
  const [unknown, wrong, disabled, ...impossible] = seen
  t.same(wrong?.costs, ['$argon2id$v=19$m=19456,t=2,p=1'], 'one hash of full cost')
  t.equal(wrong?.sql.length, 1, 'one statement')
  t.same([unknown, disabled], [wrong, wrong])
  // no account can have these names (the rule is public), so there is no look-up
  for (const one of impossible) t.same(one, { ...wrong, sql: [] })
})

t.test('another user’s order and a missing order get the same response over HTTP too', async (t) => {
  const { url } = await startService(t, { demo: true })
  const guest = createClient(url)
  const other = createClient(url)
  const { id } = await postOrder(guest)
  await postOrder(other, { seat: 'demo2-a1' })
  const staff2 = await signIn(url, 'staff2')
  for (const client of [other, staff2]) {
    for (const path of ['', '/seen', '/payment']) {
      const ask = (of: number) =>
        path === '' ? client.get(`/api/orders/${of}`) : client.post(`/api/orders/${of}${path}`)
      const [one, none] = [await ask(id), await ask(2_147_483_647)]
      t.same([one.status, one.text], [none.status, none.text], path)
      t.ok([403, 404].includes(one.status))
    }
  }
  for (const id of ['01', '1e3', '0x1', '-1', '1.5', '2147483648', '__proto__', '%00', '%F0%9F%92%A9']) {
    t.equal((await guest.get(`/api/orders/${id}`)).status, 404, id)
  }
})

t.test('a cookie of another name that only looks like the session’s is none', async (t) => {
  const { url, port } = await startService(t, { demo: true, env: { RATE_LIMITS: 'off' } })
  const cookie = await cookieOf(url)
  t.equal((await shakeHands(port, { path: PATH, cookie })).status, 101)
  t.equal((await shakeHands(port, { path: PATH, cookie: ` \t${cookie} \t` })).status, 101)
  // the bytes 0xA0 and 0x85
  for (const blank of ['\u00a0', '\u0085']) {
    const other = `${blank}${cookie}`
    t.match(await shakeHands(port, { path: PATH, cookie: other }), { status: 401 })
    const answer = await sendRaw(
      port,
      httpHead(
        'GET /api/auth/session HTTP/1.1',
        `Host: 127.0.0.1:${port}`,
        `Cookie: ${other}`,
        'Connection: close',
      ),
    )
    t.match(answer.text, /^HTTP\/1.1 401 /)
    t.equal((await shakeHands(port, { path: PATH, cookie: `${other}x; ${cookie}` })).status, 101)
  }
})

/** The session's cookie alone, of a new session of the staff. */
async function cookieOf(url: string): Promise<string> {
  const { cookies } = await signIn(url, 'staff')
  return `sessionid=${cookies.get('sessionid')}`
}
