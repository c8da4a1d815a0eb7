import { Signer } from '@fastify/cookie'
import t from 'tap'
import { createClient, type HttpClient } from '../../helpers/http-client.js'
import { type ServiceOptions, startService, TEST_SECRETS } from '../../helpers/service.js'
import { DEMO_PASSWORD, signIn } from '../../helpers/sign-in.js'

const { db, url, logs, database } = await startService(t, { demo: true, env: { RATE_LIMITS: 'off' } })

interface SignedIn {
  user: { id: number; username: string; role: string; theatres: { id: number; name: string }[] }
  expiresAt: string
}

/** Starts another service on the same database, with other settings. */
const another = async (env: ServiceOptions['env'] = {}) =>
  await startService(t, { database, env: { RATE_LIMITS: 'off', ...env } })

const status = async (client: HttpClient) => (await client.get('/api/auth/session')).status

t.test(
  'login answers with the user and the session’s end, and sets the session’s cookie and the device’s mark',
  async (t) => {
    const client = createClient(url)
    const before = Date.now()
    const answer = await client.post<SignedIn>('/api/auth/login', {
      username: 'staff',
      password: DEMO_PASSWORD,
    })
    const after = Date.now()
    t.equal(answer.status, 200)
    t.same(answer.body.user.theatres, [{ id: 1, name: 'Grand Cinema', manager: false }])
    t.match(answer.body.user, { username: 'staff', role: 'staff' })
    const ends = Date.parse(answer.body.expiresAt)
    t.ok(ends >= before + 3_600_000 && ends <= after + 3_660_000, 'idle age and a little')
    const [cookie = '', ...more] = answer.headers['set-cookie'] ?? []
    t.match(more, [/^deviceid=device\.\S+; Max-Age=15552000; Path=\/; HttpOnly; SameSite=Lax$/])
    const [pair = '', ...attributes] = cookie.split('; ')
    t.match(pair, /^sessionid=[A-Za-z0-9_-]{43}\./)
    t.same(attributes.filter((attribute) => !attribute.startsWith('Expires')).sort(), [
      'HttpOnly',
      'Path=/',
      'SameSite=Lax',
    ])
    const expires = Date.parse(
      attributes.find((attribute) => attribute.startsWith('Expires='))?.slice(8) ?? '',
    )
    // a cookie's date is in whole seconds
    t.ok(expires >= before + 43_200_000 - 1000 && expires <= after + 43_200_000 + 1000, 'the absolute end')
    t.notOk(answer.text.includes(pair.slice(10, 40)), 'the cookie’s value is not in the body')
    t.same((await client.get('/api/auth/session')).body, answer.body)
    t.equal(
      (await client.get('/api/auth/session')).headers['set-cookie'],
      undefined,
      'and it is not set again',
    )
  },
)

t.test('all failed logins get the same answer', async (t) => {
  const client = createClient(url)
  await db.user.create({
    data: {
      username: 'gone',
      role: 'staff',
      isActive: false,
      passwordHash: (await db.user.findUniqueOrThrow({ where: { username: 'staff' } })).passwordHash,
    },
  })
  const tries = [
    { username: 'staff', password: 'wrong-password' },
    { username: 'nobody', password: DEMO_PASSWORD },
    { username: 'gone', password: DEMO_PASSWORD },
    { username: 'nul\u0000', password: DEMO_PASSWORD },
    { username: 'staff', password: 'x'.repeat(1024) },
  ]
  for (const body of tries) {
    const answer = await client.post('/api/auth/login', body)
    t.equal(answer.status, 401)
    t.same(answer.body, { error: 'invalid_credentials', message: 'The username or the password is wrong.' })
    t.equal(answer.headers['set-cookie'], undefined)
  }
})

t.test('names are compared without case and without blanks and marks around them', async (t) => {
  const login = async (username: string) =>
    (await createClient(url).post('/api/auth/login', { username, password: DEMO_PASSWORD })).status
  for (const name of [
    'staff ',
    ' STAFF',
    'staff\u00a0',
    '\u202fstaff\t',
    '\u200fstaff\u200e',
    '\ufeffstaff',
  ]) {
    t.equal(await login(name), 200, JSON.stringify(name))
  }
  for (const name of ['sta ff', ' ', '\u00a0', 'staff\u0000'])
    t.equal(await login(name), 401, JSON.stringify(name))
})

t.test('failed logins count for the name, however it is written', async (t) => {
  const limited = await another({ RATE_LIMITS: 'on' })
  const fail = async (username: string) =>
    (await createClient(limited.url).post('/api/auth/login', { username, password: 'nonsense' })).status
  const names = Array.from({ length: 10 }, (_, index) => `${' '.repeat(index)}staff${'\u00a0'.repeat(index)}`)
  for (const name of names) t.equal(await fail(name), 401)
  t.equal(await fail('staff'), 429)
})

t.test('a malformed login is refused, and the response quotes none of its values', async (t) => {
  const client = createClient(url)
  const bodies = [
    {},
    { username: 'staff' },
    { username: '', password: DEMO_PASSWORD },
    { username: ['staff'], password: DEMO_PASSWORD },
    { username: 'staff', password: { not: '' } },
    { username: 'staff', password: DEMO_PASSWORD, keep: 'true' },
    { username: 'staff', password: DEMO_PASSWORD, role: 'admin' },
    { username: 'staff', password: `${DEMO_PASSWORD}${'x'.repeat(1100)}` },
    [],
    null,
  ]
  for (const body of bodies) {
    const answer = await client.post<{ error: string }>('/api/auth/login', body)
    t.equal(answer.status, 400, JSON.stringify(body)?.slice(0, 60))
    t.notOk(answer.text.includes(DEMO_PASSWORD))
  }
  t.equal(
    (
      await client.post('/api/auth/login', undefined, {
        raw: 'username=staff',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      })
    ).status,
    415,
  )
})

t.test(
  'a session id that the server did not issue is never adopted; a login replaces the previous id',
  async (t) => {
    const client = createClient(url)
    const planted = new Signer(TEST_SECRETS.SECRET_KEY).sign('x'.repeat(43))
    client.cookies.set('sessionid', planted)
    t.equal(await status(client), 401)
    await client.post('/api/auth/login', { username: 'staff', password: DEMO_PASSWORD })
    t.not(client.cookies.get('sessionid'), planted)
    const first = client.cookie
    await client.post('/api/auth/login', { username: 'staff', password: DEMO_PASSWORD })
    t.not(client.cookie, first)
    t.equal(await status(client), 200)
    t.equal((await createClient(url).get('/api/auth/session', { headers: { cookie: first } })).status, 401)
  },
)

t.test('guest: the first call starts a session, later ones return it', async (t) => {
  const client = createClient(url)
  const first = await client.post<SignedIn>('/api/auth/guest')
  t.match(first, { status: 200, body: { user: { role: 'customer', username: /^guest-/, theatres: [] } } })
  const again = await client.post('/api/auth/guest')
  t.same(again.body, first.body)
  t.equal(again.headers['set-cookie'], undefined)
  const staff = await signIn(url, 'staff')
  t.match((await staff.post('/api/auth/guest')).body, { user: { username: 'staff' } })
})

t.test('keep: only the absolute age limits the session', async (t) => {
  const client = createClient(url)
  const before = Date.now()
  const { body } = await client.post<SignedIn>('/api/auth/login', {
    username: 'staff',
    password: DEMO_PASSWORD,
    keep: true,
  })
  t.ok(Date.parse(body.expiresAt) >= before + 43_200_000 - 1000)
})

t.test('logout: 401 at once, the cookie is removed, repeating succeeds', async (t) => {
  const client = await signIn(url, 'staff')
  const other = await signIn(url, 'staff')
  const { cookie } = client
  const answer = await client.post('/api/auth/logout')
  t.equal(answer.status, 204)
  t.match(answer.headers['set-cookie'], [/^sessionid=; Max-Age=0; Path=\/; Expires=Thu, 01 Jan 1970/])
  t.equal((await client.get('/api/auth/session', { headers: { cookie } })).status, 401)
  t.equal((await client.post('/api/auth/logout', undefined, { headers: { cookie } })).status, 204)
  t.equal(await status(other), 200)
})

t.test('a late response to a request of an ended session does not remove the new cookie', async (t) => {
  const client = await signIn(url, 'staff')
  const { cookie } = client
  await client.post('/api/auth/logout')
  const late = await client.get('/api/auth/session', { headers: { cookie } })
  t.same([late.status, late.headers['set-cookie']], [401, undefined])
})

t.test('requests that race with a logout never restore the session', async (t) => {
  for (let round = 0; round < 10; round++) {
    const client = await signIn(url, 'staff')
    const { cookie } = client
    await db.$executeRaw`UPDATE sessions SET last_seen_at = now() - interval '10 minutes'`
    const use = () => client.get('/api/auth/session', { headers: { cookie } })
    await Promise.all([use(), use(), client.post('/api/auth/logout'), use(), use()])
    if ((await use()).status !== 401) t.fail('it came back to life')
  }
})

t.test('HTTP requests prolong a session; it expires by the database’s clock', async (t) => {
  const client = await signIn(url, 'staff2')
  const user = await db.user.findUniqueOrThrow({ where: { username: 'staff2' } })
  const idle = (seconds: number) => db.$executeRaw`
    UPDATE sessions SET last_seen_at = last_seen_at - make_interval(secs => ${seconds}::float8) WHERE user_id = ${user.id}`
  const before = (await client.get<SignedIn>('/api/auth/session')).body.expiresAt
  await idle(1800)
  const after = (await client.get<SignedIn>('/api/auth/session')).body.expiresAt
  t.ok(Date.parse(after) >= Date.parse(before), 'counted anew')
  await idle(3640)
  t.equal(await status(client), 401)
  t.equal(await status(client), 401)
  const kept = createClient(url)
  await kept.post('/api/auth/login', { username: 'staff2', password: DEMO_PASSWORD, keep: true })
  await db.$executeRaw`UPDATE sessions SET absolute_ends_at = now() WHERE user_id = ${user.id}`
  t.equal(await status(kept), 401)
})

t.test('invalid cookies are no session, and cause no query', async (t) => {
  const client = await signIn(url, 'staff')
  const value = client.cookies.get('sessionid') ?? ''
  const decoded = decodeURIComponent(value)
  // a query of the table would now cause a 503
  await db.$executeRaw`ALTER TABLE sessions RENAME TO sessions_away`
  for (const cookie of [
    `sessionid=${value}; sessionid=${value}`,
    `sessionid=; sessionid=${value}`,
    `sessionid=${decoded.slice(0, -1)}`,
    `sessionid=${decoded.split('.')[0]}`,
    `sessionid="${decoded}"`,
    `sessionid=x${decoded}`,
    `SESSIONID=${value}`,
    `sessionid=${new Signer('a-secret-of-another-service-entirely!').sign(decoded.split('.')[0] ?? '')}`,
    'sessionid=%E0%A4%A',
    'sessionid',
  ]) {
    t.equal((await client.get('/api/auth/session', { headers: { cookie } })).status, 401, cookie.slice(0, 30))
  }
  await db.$executeRaw`ALTER TABLE sessions_away RENAME TO sessions`
  t.equal(
    (await client.get('/api/auth/session', { headers: { cookie: `a=1; sessionid=${value}; b=2` } })).status,
    200,
  )
})

t.test('password change: a new cookie; the old one and the other sessions end', async (t) => {
  const name = 'changing'
  const admin = await signIn(url, 'admin')
  await admin.post('/api/users', { username: name, password: DEMO_PASSWORD, role: 'staff', theatreIds: [1] })
  const [here, there] = [await signIn(url, name), await signIn(url, name)]
  const old = here.cookie
  const wrong = await here.post('/api/auth/password', {
    currentPassword: 'wrong-one',
    newPassword: 'another-password',
  })
  t.match(wrong, { status: 401, body: { error: 'invalid_credentials' } })
  const weak = await here.post('/api/auth/password', {
    currentPassword: DEMO_PASSWORD,
    newPassword: 'password1',
  })
  t.match(weak, { status: 400, body: { error: 'validation_failed', details: [{ path: 'newPassword' }] } })
  t.notOk(weak.text.includes('password1'))
  const changed = await here.post('/api/auth/password', {
    currentPassword: DEMO_PASSWORD,
    newPassword: 'another-password',
  })
  t.equal(changed.status, 204)
  t.equal(changed.headers['set-cookie']?.length, 1)
  t.same([await status(here), await status(there)], [200, 401])
  t.equal((await here.get('/api/auth/session', { headers: { cookie: old } })).status, 401)
  t.match(await createClient(url).post('/api/auth/password', { currentPassword: 'x', newPassword: 'y' }), {
    status: 401,
    body: { error: 'unauthenticated' },
  })
})

t.test('a cookie signed with a fallback secret is valid, and is kept', async (t) => {
  const client = await signIn(url, 'staff')
  const rotated = await another({
    SECRET_KEY: 'the-new-secret-of-thirty-two-characters',
    SECRET_KEY_FALLBACKS: TEST_SECRETS.SECRET_KEY,
  })
  const answer = await createClient(rotated.url).get('/api/auth/session', {
    headers: { cookie: client.cookie },
  })
  t.same([answer.status, answer.headers['set-cookie']], [200, undefined])
  const forgotten = await another({ SECRET_KEY: 'the-new-secret-of-thirty-two-characters' })
  t.equal(
    (await createClient(forgotten.url).get('/api/auth/session', { headers: { cookie: client.cookie } }))
      .status,
    401,
  )
})

t.test(
  'a secure cookie is not set over http, and its name keeps sibling domains from setting it',
  async (t) => {
    const secure = await another({ SESSION_COOKIE_SECURE: 'true', TRUST_PROXY: '127.0.0.1' })
    const client = createClient(secure.url)
    const credentials = { username: 'staff', password: DEMO_PASSWORD }
    for (const attempt of [
      () => client.post('/api/auth/login', credentials),
      () => client.post('/api/auth/guest'),
    ]) {
      const answer = await attempt()
      t.match(answer, { status: 400, body: { error: 'insecure_transport', message: /TRUST_PROXY/ } })
      t.equal(answer.headers['set-cookie'], undefined)
    }
    const headers = { 'x-forwarded-proto': 'https' }
    const answer = await client.post('/api/auth/login', credentials, { headers })
    t.equal(answer.status, 200)
    t.match(answer.headers['set-cookie'], [
      /^__Host-sessionid=.*; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/,
      /^__Host-deviceid=.*; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/,
    ])
    t.equal((await client.get('/api/auth/session', { headers })).status, 200)
    const out = await client.post('/api/auth/logout', undefined, { headers })
    t.match(
      out.headers['set-cookie'],
      [/^__Host-sessionid=;.*Secure/],
      'browsers drop it without Secure otherwise',
    )
  },
)

t.test('a client’s own X-Forwarded-Proto is not trusted', async (t) => {
  const secure = await another({ SESSION_COOKIE_SECURE: 'true' })
  const answer = await createClient(secure.url).post('/api/auth/guest', undefined, {
    headers: { 'x-forwarded-proto': 'https' },
  })
  t.match(answer, { status: 400, body: { error: 'insecure_transport' } })
})

t.test('SESSION_COOKIE_SAMESITE=Strict sets SameSite=Strict', async (t) => {
  const strict = await another({ SESSION_COOKIE_SAMESITE: 'Strict', SESSION_COOKIE_NAME: 'seat' })
  const answer = await createClient(strict.url).post('/api/auth/guest')
  t.match(answer.headers['set-cookie'], [/^seat=.*SameSite=Strict$/])
})

t.test('guessing is throttled, and the user can still sign in from elsewhere', async (t) => {
  const throttled = await another({ RATE_LIMITS: 'on', TRUST_PROXY: '127.0.0.1' })
  const from = (ip: string, password: string) =>
    createClient(throttled.url).post<{ error: string }>(
      '/api/auth/login',
      { username: 'admin', password },
      { headers: { 'x-forwarded-for': ip } },
    )
  const answers: number[] = []
  for (let i = 0; i < 12; i++) answers.push((await from('192.0.2.9', 'a-guess')).status)
  t.same(answers, [...Array<number>(10).fill(401), 429, 429])
  const refused = await from('192.0.2.9', DEMO_PASSWORD)
  t.match(refused, { status: 429, body: { error: 'too_many_requests' } })
  t.ok(Number(refused.headers['retry-after']) > 0)
  t.equal((await from('198.51.100.3', DEMO_PASSWORD)).status, 200)
})

t.test('without the database there is no access, and the response gives no reason', async (t) => {
  const client = await signIn(url, 'staff')
  const read = () => createClient(url).get('/api/auth/session', { headers: { cookie: client.cookie } })
  await db.$executeRaw`ALTER TABLE sessions RENAME TO sessions_away`
  const answer = await read()
  await db.$executeRaw`ALTER TABLE sessions_away RENAME TO sessions`
  t.match(answer, { status: 503, body: { error: 'unavailable' } })
  t.notMatch(answer.text, /session|relation|prisma/i)
  t.equal((await read()).status, 200)
})

t.test('the log contains no password and no cookie', async (t) => {
  const text = logs.text
  t.notOk(text.includes(DEMO_PASSWORD))
  t.notOk(text.includes('another-password'))
  t.notMatch(text, /sessionid=/)
})
