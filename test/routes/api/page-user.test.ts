import t from 'tap'
import { createClient, type HttpClient } from '../../helpers/http-client.js'
import { startService } from '../../helpers/service.js'
import { DEMO_PASSWORD, signIn } from '../../helpers/sign-in.js'

// X-Houselights-User: a page says whose it is, and acts for nobody else.

const { url, db } = await startService(t, { demo: true, env: { RATE_LIMITS: 'off' } })

const idOf = async (username: string) =>
  (await db.user.findUniqueOrThrow({ where: { username }, select: { id: true } })).id
const [staff, staff2] = [await idOf('staff'), await idOf('staff2')]
const of = (user: number | string) => ({ headers: { 'x-houselights-user': String(user) } })
/** Streams: an `EventSource` sends no header. That of a seat has no session; that of managers shows what each of them may see. */
const STREAMS = ['/api/seats/{seatToken}/changes', '/api/theatres/{id}/changes']
const works = async (username: string, password: string) =>
  (await createClient(url).post('/api/auth/login', { username, password })).status === 200

t.test('every call of the API refuses a page of another user, before it does anything', async (t) => {
  const browser = await signIn(url, 'staff2')
  const { body } = await createClient(url).get('/docs/openapi.json')
  const calls = (body as { paths: Record<string, object> }).paths
  let count = 0
  for (const [path, methods] of Object.entries(calls)) {
    if (!path.startsWith('/api/') || STREAMS.includes(path)) continue
    for (const method of Object.keys(methods ?? {})) {
      const answer = await browser.request(method.toUpperCase(), path.replace(/\{\w+\}/g, '1'), {}, of(staff))
      t.match(answer, { status: 409, body: { error: 'other_user' } }, `${method} ${path}`)
      t.equal(answer.headers['x-houselights-user'], String(staff2), 'it names the session’s user')
      count += 1
    }
  }
  t.ok(count > 30, `${count} calls`)
  t.equal((await browser.get('/api/auth/session', of(staff2))).status, 200, 'the session is as it was')
})

t.test('the form of one user does not change another’s password', async (t) => {
  const browser = await signIn(url, 'staff2')
  const change = { currentPassword: DEMO_PASSWORD, newPassword: 'a much better one' }
  t.match(await browser.post('/api/auth/password', change, of(staff)), { status: 409 })
  t.ok(await works('staff2', DEMO_PASSWORD))
  t.match(await browser.post('/api/auth/password', change, of(staff2)), { status: 204 })
  t.ok(await works('staff2', change.newPassword))
})

t.test('only exactly the user’s id is the user', async (t) => {
  const browser = await signIn(url, 'staff')
  const look = async (value: string) => (await browser.get('/api/auth/session', of(value))).status
  t.equal(await look(String(staff)), 200)
  for (const value of ['', '0', `0${staff}`, `${staff}.0`, `${staff}, ${staff}`, 'staff']) {
    t.equal(await look(value), 409, JSON.stringify(value))
  }
  const twice = ['x-houselights-user', String(staff), 'x-houselights-user', String(staff2)]
  const both = [...twice, 'cookie', browser.cookie, 'host', new URL(url).host]
  t.equal((await createClient(url).get('/api/auth/session', { headers: both })).status, 409, 'two of them')
})

t.test('without a live session nothing changes, and no response names anybody', async (t) => {
  const guarded = async (client: HttpClient) => await client.get('/api/auth/session', of(staff))
  const nobody = createClient(url)
  t.match(await guarded(nobody), { status: 401, body: { error: 'unauthenticated' } })
  const signedOut = await signIn(url, 'admin')
  const { cookie } = signedOut
  const answer = await signedOut.post('/api/auth/logout')
  t.equal(answer.headers['x-houselights-user'], undefined, 'signed out')
  t.match(await nobody.get('/api/auth/session', { headers: { ...of(staff).headers, cookie } }), {
    status: 401,
  })
  const seat = await nobody.get('/api/seats/demo-a1', of(staff))
  t.equal(seat.status, 200)
  t.equal(seat.headers['x-houselights-user'], undefined)
  t.equal((await nobody.post('/api/auth/guest', {}, of(staff))).status, 200, 'a guest can begin')
})

t.test('responses name the session’s user, also the one who has just signed in', async (t) => {
  const browser = createClient(url)
  const login = await browser.post('/api/auth/login', { username: 'staff', password: DEMO_PASSWORD })
  t.equal(login.headers['x-houselights-user'], String(staff))
  t.equal((await browser.get('/api/seats/demo-a1')).headers['x-houselights-user'], String(staff))
  t.equal((await browser.get('/api/orders/999')).headers['x-houselights-user'], String(staff), 'errors too')
  t.equal((await browser.get('/login')).headers['x-houselights-user'], undefined, 'pages are everybody’s')
})
