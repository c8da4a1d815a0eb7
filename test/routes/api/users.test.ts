import t from 'tap'
import { createClient, type HttpClient } from '../../helpers/http-client.js'
import { startService } from '../../helpers/service.js'
import { DEMO_PASSWORD, signIn } from '../../helpers/sign-in.js'

const { url, db, logs } = await startService(t, { demo: true, env: { RATE_LIMITS: 'off' } })

interface OneUser {
  user: {
    id: number
    username: string
    role: string
    isActive: boolean
    theatres: { id: number; manager: boolean }[]
  }
}

const status = async (client: HttpClient) => (await client.get('/api/auth/session')).status
const admin = await signIn(url, 'admin')
const newUser = (username: string, more: object = {}) => ({
  username,
  password: DEMO_PASSWORD,
  role: 'staff',
  theatreIds: [1],
  ...more,
})

t.test('creates, lists and changes accounts', async (t) => {
  const made = await admin.post<OneUser>('/api/users', newUser('anna'))
  t.match(made, {
    status: 201,
    body: {
      user: { username: 'anna', role: 'staff', isActive: true, theatres: [{ id: 1, name: 'Grand Cinema' }] },
    },
  })
  t.notMatch(made.text, /password|hash|argon/i)
  const anna = await signIn(url, 'anna')
  const changed = await admin.patch(`/api/users/${made.body.user.id}`, { theatreIds: [2, 1] })
  t.match(changed, { status: 200, body: { user: { theatres: [{ id: 1 }, { id: 2 }] } } })
  t.match(
    (await anna.get('/api/auth/session')).body,
    { user: { theatres: [{ id: 1 }, { id: 2 }] } },
    'at once',
  )
  await createClient(url).post('/api/auth/guest')
  const list = await admin.get<{ users: OneUser['user'][] }>('/api/users')
  t.same(
    list.body.users.map((user) => user.username),
    ['admin', 'anna', 'manager', 'staff', 'staff2'],
    'no guests',
  )
  t.notMatch(list.text, /password|hash|argon/i)
})

t.test('names are stored without the blanks around them, and taken whatever blanks are added', async (t) => {
  const made = await admin.post<OneUser>('/api/users', newUser(' zoë\u00a0', { theatreIds: [2] }))
  t.equal(made.body.user.username, 'zoë')
  t.match(await admin.post('/api/users', newUser('\u200eZOË ')), {
    status: 409,
    body: { error: 'username_taken' },
  })
  t.match(await admin.post('/api/users', newUser(' \u00a0')), { status: 400 })
})

t.test('managers are made for theatres of theirs only', async (t) => {
  const { body } = await admin.post<OneUser>(
    '/api/users',
    newUser('maya', { theatreIds: [1, 2], managerOf: [2] }),
  )
  const path = `/api/users/${body.user.id}`
  const maya = await signIn(url, 'maya')
  const theatres = async () =>
    (await maya.get<OneUser>('/api/auth/session')).body.user.theatres.map(({ id, manager }) => [id, manager])
  t.same(await theatres(), [
    [1, false],
    [2, true],
  ])
  await admin.patch(path, { managerOf: [1] })
  t.same(
    await theatres(),
    [
      [1, true],
      [2, false],
    ],
    'at once',
  )
  await admin.patch(path, { theatreIds: [1] })
  t.same(await theatres(), [[1, true]], 'a change of theatres leaves who manages them')
  t.match(await admin.patch(path, { managerOf: [2] }), {
    status: 400,
    body: { error: 'validation_failed', details: [{ path: 'managerOf' }] },
  })
  t.same(await theatres(), [[1, true]])
  t.match((await admin.get('/api/auth/session')).body, {
    user: {
      theatres: [
        { id: 1, manager: true },
        { id: 2, manager: true },
      ],
    },
  })
})

t.test('a changed role applies to the next request', async (t) => {
  const { id } = (
    await admin.post<OneUser>('/api/users', newUser('berta', { role: 'admin', theatreIds: [] }))
  ).body.user
  const berta = await signIn(url, 'berta')
  t.equal((await berta.get('/api/users')).status, 200)
  t.equal((await admin.patch(`/api/users/${id}`, { role: 'customer' })).status, 200)
  t.equal((await berta.get('/api/users')).status, 403)
  t.equal(await status(berta), 200, 'the session stays')
  t.equal(await status(await signIn(url, 'berta')), 200, 'a customer with a password signs in')
})

t.test('disabling an account, or setting its password, ends all its sessions', async (t) => {
  const { id } = (await admin.post<OneUser>('/api/users', newUser('clara'))).body.user
  const sessions = [await signIn(url, 'clara'), await signIn(url, 'clara')]
  t.match(await admin.patch(`/api/users/${id}`, { isActive: false }), {
    status: 200,
    body: { user: { isActive: false } },
  })
  t.same(await Promise.all(sessions.map(status)), [401, 401])
  await t.rejects(signIn(url, 'clara'), /401/)
  await admin.patch(`/api/users/${id}`, { isActive: true })
  const again = await signIn(url, 'clara')
  await admin.patch(`/api/users/${id}`, { password: 'another-password' })
  t.equal(await status(again), 401)
  t.equal(await status(await signIn(url, 'clara', { password: 'another-password' })), 200)
  t.notOk(logs.text.includes('another-password'))
})

t.test('a taken name is 409', async (t) => {
  for (const name of ['staff', 'STAFF']) {
    t.match(await admin.post('/api/users', newUser(name)), { status: 409, body: { error: 'username_taken' } })
  }
})

t.test('invalid accounts and changes are refused', async (t) => {
  const { id } = await db.user.findUniqueOrThrow({ where: { username: 'staff2' } })
  const bodies = [
    {},
    newUser('guest-mine'),
    newUser('two words'),
    newUser('dora', { password: 'tiny-1x' }),
    newUser('dora', { password: 'trustno1' }),
    newUser('dora', { role: 'root' }),
    newUser('dora', { theatreIds: [] }),
    newUser('dora', { theatreIds: [99] }),
    newUser('dora', { theatreIds: ['1'] }),
    newUser('dora', { theatreIds: [{ not: 0 }] }),
    newUser('dora', { theatreIds: [2_147_483_648] }),
    newUser('dora', { isActive: false }),
    newUser('nul\u0000'),
  ]
  for (const body of bodies) {
    const answer = await admin.post('/api/users', body)
    t.match(answer, { status: 400, body: { error: 'validation_failed' } }, JSON.stringify(body))
    if ('password' in body) t.notOk(answer.text.includes(String(body.password)))
  }
  for (const body of [
    { isActive: 'no' },
    { isActive: { not: true } },
    { role: null },
    { username: 'x' },
    { password: 'trustno1' },
    { theatreIds: [99] },
    [],
    7,
  ]) {
    t.match(
      await admin.patch(`/api/users/${id}`, body),
      { status: 400, body: { error: 'validation_failed' } },
      JSON.stringify(body),
    )
  }
  t.match(await db.user.findUnique({ where: { id }, include: { theatres: true } }), {
    role: 'staff',
    isActive: true,
    theatres: [{ theatreId: 2 }],
  })
})

t.test('an unknown user is 404', async (t) => {
  for (const id of [
    '999999',
    '0',
    '-1',
    '01',
    '1e3',
    '0x10',
    '1.5',
    '2147483648',
    'me',
    '%00',
    '__proto__',
  ]) {
    t.match(
      await admin.patch(`/api/users/${id}`, { isActive: true }),
      { status: 404, body: { error: 'not_found' } },
      id,
    )
  }
})

t.test('for admins only', async (t) => {
  const guest = createClient(url)
  await guest.post('/api/auth/guest')
  const before = await db.user.count()
  const asked = async (client: HttpClient) => [
    (await client.get('/api/users')).status,
    (await client.post('/api/users', newUser('mallory', { role: 'admin' }))).status,
    // refused before the body is validated
    (await client.post('/api/users', {})).status,
    (await client.patch('/api/users/1', { role: 'admin' })).status,
  ]
  t.same(await asked(createClient(url)), [401, 401, 401, 401])
  t.same(await asked(guest), [403, 403, 403, 403])
  t.same(await asked(await signIn(url, 'staff')), [403, 403, 403, 403])
  t.equal(await db.user.count(), before)
})
