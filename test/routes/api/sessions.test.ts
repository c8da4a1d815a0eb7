import t from 'tap'
import { createClient, type HttpClient } from '../../helpers/http-client.js'
import { startService } from '../../helpers/service.js'
import { signIn } from '../../helpers/sign-in.js'

const { url, db } = await startService(t, { demo: true, env: { RATE_LIMITS: 'off' } })

interface Listed {
  id: string
  current: boolean
  createdAt: string
  lastSeenAt: string
  userAgent: string
  ip: string
}

const listOf = async (client: HttpClient) => (await client.get<Listed[]>('/api/auth/sessions')).body
const status = async (client: HttpClient) => (await client.get('/api/auth/session')).status

async function ownId(client: HttpClient): Promise<string> {
  const own = (await listOf(client)).find((session) => session.current)
  if (!own) throw new Error('no current session')
  return own.id
}

t.test('lists the user’s own live sessions, without cookie values', async (t) => {
  const before = Date.now()
  const phone = await signIn(url, 'staff', { userAgent: 'A phone <b>' })
  await signIn(url, 'staff', { userAgent: 'x'.repeat(4000) })
  await signIn(url, 'staff2')
  const answer = await phone.get<Listed[]>('/api/auth/sessions')
  t.equal(answer.body.length, 2)
  t.match(
    answer.body.find((session) => session.current),
    { userAgent: 'A phone <b>', ip: '127.0.0.1' },
  )
  t.match(answer.body.find((session) => !session.current)?.userAgent, /^x{300}$/)
  for (const { createdAt, lastSeenAt } of answer.body) {
    t.ok(Date.parse(createdAt) >= before - 1000 && Date.parse(createdAt) <= Date.now() + 1000)
    t.equal(new Date(lastSeenAt).toISOString(), lastSeenAt)
  }
  const token = phone.cookies.get('sessionid')?.slice(0, 43) ?? ''
  t.notOk(answer.text.includes(token))
  t.equal(
    (
      await createClient(url).get('/api/auth/session', {
        headers: { cookie: `sessionid=${await ownId(phone)}` },
      })
    ).status,
    401,
  )
})

t.test('ends one of them, but not another user’s', async (t) => {
  const [here, there, stranger] = [
    await signIn(url, 'staff'),
    await signIn(url, 'staff'),
    await signIn(url, 'staff2'),
  ]
  const theirs = await ownId(stranger)
  for (const id of [theirs, crypto.randomUUID(), '1', '%00', 'a%20b', `${theirs}0`]) {
    const answer = await here.delete(`/api/auth/sessions/${id}`)
    t.match(answer, { status: 404, body: { error: 'not_found', message: 'There is no such session.' } }, id)
  }
  t.equal((await here.delete(`/api/auth/sessions/${await ownId(there)}`)).status, 204)
  t.same([await status(here), await status(there), await status(stranger)], [200, 401, 200])
})

t.test('ending the current one is a logout', async (t) => {
  const here = await signIn(url, 'staff')
  const answer = await here.delete(`/api/auth/sessions/${await ownId(here)}`)
  t.match(answer, { status: 204, headers: { 'set-cookie': [/^sessionid=;/] } })
  t.equal(await status(here), 401)
})

t.test('ends all but the current one', async (t) => {
  const [here, one, two, stranger] = [
    await signIn(url, 'staff'),
    await signIn(url, 'staff'),
    await signIn(url, 'staff'),
    await signIn(url, 'staff2'),
  ]
  t.equal((await here.delete('/api/auth/sessions')).status, 204)
  t.same(
    [await status(here), await status(one), await status(two), await status(stranger)],
    [200, 401, 401, 200],
  )
  t.equal((await listOf(here)).length, 1)
})

t.test('guests can list their sessions', async (t) => {
  const guest = createClient(url)
  await guest.post('/api/auth/guest')
  t.match(await listOf(guest), [{ current: true }])
})

t.test('401 without a session', async (t) => {
  const anonymous = createClient(url)
  const before = await db.session.count()
  for (const [method, path] of [
    ['GET', '/api/auth/sessions'],
    ['DELETE', '/api/auth/sessions'],
    ['DELETE', `/api/auth/sessions/${crypto.randomUUID()}`],
  ] as const) {
    t.match(
      await anonymous.request(method, path),
      { status: 401, body: { error: 'unauthenticated' } },
      `${method} ${path}`,
    )
  }
  t.equal(await db.session.count(), before)
})
