import t from 'tap'
import type { StaffMemberView } from '../../../src/protocol/manager-views.js'
import { createClient, type HttpClient } from '../../helpers/http-client.js'
import { startNode } from '../../helpers/service.js'
import { DEMO_PASSWORD, signIn } from '../../helpers/sign-in.js'
import { connect } from '../../helpers/socket-client.js'
import type { Teardown } from '../../helpers/teardown.js'
import { NO_IDS } from '../ids.js'

interface Body {
  error?: string
  staff: StaffMemberView[]
  user: StaffMemberView
}

const PASSWORD = 'a-new-password-of-ours'
const staffOf = async (client: HttpClient, id = 1) =>
  (await client.get<Body>(`/api/theatres/${id}/staff`)).body.staff
const add = (client: HttpClient, body: object, theatre: number | string = 1) =>
  client.post<Body>(`/api/theatres/${theatre}/staff`, body)
const change = (client: HttpClient, userId: number | string, body: object, theatre: number | string = 1) =>
  client.patch<Body>(`/api/theatres/${theatre}/staff/${userId}`, body)
const sessionStatus = async (client: HttpClient) => (await client.get('/api/auth/session')).status

async function open(t: Teardown) {
  const service = await startNode(t)
  const { url, db } = service
  const idOf = async (username: string) => (await db.user.findUniqueOrThrow({ where: { username } })).id
  const board = (client: HttpClient) => connect(`${url}/ws/all-seat-datasocket/`, { cookie: client.cookie })
  return {
    url,
    db,
    logs: service.logs,
    idOf,
    board,
    manager: await signIn(url, 'manager'),
    admin: await signIn(url, 'admin'),
  }
}

t.test('a manager makes an account for the theatre', async (t) => {
  const { url, manager, logs } = await open(t)
  t.match(await staffOf(manager), [
    { username: 'manager', manager: true, member: true, isActive: true },
    { username: 'staff', manager: false },
  ])
  const made = await add(manager, { username: ' anna ', password: PASSWORD })
  t.match(made, {
    status: 201,
    body: { user: { username: 'anna', manager: false, member: true, isActive: true } },
  })
  t.notMatch(made.text, /password|hash|argon|theatres/i)
  const anna = await signIn(url, 'anna', { password: PASSWORD })
  t.match((await anna.get('/api/auth/session')).body, {
    user: { role: 'staff', theatres: [{ id: 1, manager: false }] },
  })
  t.same(
    (await staffOf(manager)).map(({ username }) => username),
    ['anna', 'manager', 'staff'],
  )
  t.match(await add(manager, { username: 'ANNA', password: PASSWORD }), {
    status: 409,
    body: { error: 'username_taken' },
  })
  t.match(await add(manager, { username: 'maya', password: PASSWORD, manager: true }), {
    body: { user: { manager: true } },
  })
  for (const bad of [
    { username: 'x', password: 'short' },
    { username: 'a b', password: PASSWORD },
    { username: 'y', password: PASSWORD, role: 'admin' },
    {},
  ]) {
    t.equal((await add(manager, bad)).status, 400, JSON.stringify(bad))
  }
  t.match(await logs.expect({ msg: 'USERCREATE' }), {
    resource: 'POST /api/theatres/:id/staff',
    verdict: 'accepted',
  })
})

t.test('an account that exists joins the theatre and leaves it; its board follows', async (t) => {
  const { url, manager, idOf, board, db } = await open(t)
  const id = await idOf('staff2')
  const staff2 = await signIn(url, 'staff2')
  const before = await board(staff2)
  t.match(await add(manager, { username: 'Staff2 ' }), {
    status: 201,
    body: { user: { id, username: 'staff2' } },
  })
  t.match(await before.closed(), { code: 1012, reason: 'retry=0' }, 'a theatre is gained')
  t.match(await add(manager, { username: 'staff2' }), { status: 409, body: { error: 'already_staff' } })
  const during = await board(staff2)
  t.match(await during.expect({ type: 'hello' }), { groups: ['theatre:1:orders', 'theatre:2:orders'] })
  t.match(await change(manager, id, { member: false }), {
    status: 200,
    body: { user: { id, member: false } },
  })
  t.match(await during.expect({ type: 'left' }), { group: 'theatre:1:orders' })
  t.equal(await sessionStatus(staff2), 200, 'no session ends')
  t.equal((await change(manager, id, { member: false })).status, 404, 'no longer theirs')
  t.same(await db.staffTheatre.findMany({ where: { userId: id } }), [
    { userId: id, theatreId: 2, manager: false },
  ])
  for (const username of ['admin', 'nobody', 'guest-1']) {
    t.match(await add(manager, { username }), { status: 404, body: { error: 'not_found' } }, username)
  }
})

t.test('no account has a name that no account can have', async (t) => {
  const { manager } = await open(t)
  for (const username of ['a\0b', 'a\ud800b', ' ', 'a b', 'a'.repeat(1000)]) {
    t.match(await add(manager, { username }), { status: 404, body: { error: 'not_found' } }, username)
  }
})

t.test('who is removed from the last theatre hears nothing more', async (t) => {
  const { url, manager, idOf, board } = await open(t)
  const socket = await board(await signIn(url, 'staff'))
  await change(manager, await idOf('staff'), { member: false })
  t.equal((await socket.closed()).code, 4403)
})

t.test('a manager makes managers, disables accounts and sets passwords', async (t) => {
  const { url, manager, idOf, board } = await open(t)
  const id = await idOf('staff')
  const staff = await signIn(url, 'staff')
  t.equal((await staff.get('/api/theatres/1/staff')).status, 403)
  t.match(await change(manager, id, { manager: true }), { status: 200, body: { user: { manager: true } } })
  t.equal((await staff.get('/api/theatres/1/staff')).status, 200, 'at once')
  t.match(await change(manager, id, { manager: false }), { body: { user: { manager: false } } })
  t.equal((await staff.get('/api/theatres/1/staff')).status, 403)
  const socket = await board(staff)
  t.equal((await change(manager, id, { password: PASSWORD })).status, 200)
  t.equal((await socket.closed()).code, 4401)
  t.equal(await sessionStatus(staff), 401)
  const again = await signIn(url, 'staff', { password: PASSWORD })
  t.match(await change(manager, id, { isActive: false }), {
    body: { user: { isActive: false, member: true } },
  })
  t.equal(await sessionStatus(again), 401)
  t.match(await change(manager, id, { isActive: true }), { body: { user: { isActive: true } } })
  t.equal(await sessionStatus(await signIn(url, 'staff', { password: PASSWORD })), 200)
})

t.test('an account that reaches further is disabled by admins alone', async (t) => {
  const { manager, admin, idOf, db, url } = await open(t)
  const shared = await idOf('staff2')
  await add(manager, { username: 'staff2' })
  for (const body of [{ isActive: false }, { password: PASSWORD }, { isActive: true, manager: true }]) {
    t.match(await change(manager, shared, body), { status: 403, body: { error: 'shared_account' } })
  }
  t.match(await change(manager, shared, { manager: true }), { status: 200 }, 'of this theatre alone')
  t.same(await db.staffTheatre.findMany({ where: { userId: shared }, orderBy: { theatreId: 'asc' } }), [
    { userId: shared, theatreId: 1, manager: true },
    { userId: shared, theatreId: 2, manager: false },
  ])
  await db.staffTheatre.create({ data: { userId: await idOf('manager'), theatreId: 2 } })
  t.match(await change(manager, shared, { isActive: false }), { status: 403 }, 'a plain member there')
  await db.staffTheatre.updateMany({ where: { userId: await idOf('manager') }, data: { manager: true } })
  const both = await signIn(url, 'manager')
  t.match(await change(both, shared, { isActive: false }), { status: 200 }, 'a manager of both')
  t.match(await change(admin, shared, { isActive: true }), { status: 200 })
  const adminId = await idOf('admin')
  await db.staffTheatre.create({ data: { userId: adminId, theatreId: 1 } })
  t.match(await change(manager, adminId, { password: PASSWORD }), {
    status: 403,
    body: { error: 'shared_account' },
  })
  t.match(await change(manager, await idOf('manager'), { member: false }), {
    status: 409,
    body: { error: 'own_account' },
  })
  t.equal(await sessionStatus(manager), 200)
})

t.test('nothing of other theatres is seen, and the calls are for managers and admins', async (t) => {
  const { url, manager, admin, idOf } = await open(t)
  const guest = createClient(url)
  await guest.post('/api/auth/guest')
  const [staff, staff2] = [await signIn(url, 'staff'), await signIn(url, 'staff2')]
  const [id, other] = [await idOf('staff'), await idOf('staff2')]
  const user = { username: 'zoe', password: PASSWORD }
  for (const client of [guest, staff, staff2]) {
    t.equal((await client.get('/api/theatres/1/staff')).status, 403)
    t.equal((await add(client, user)).status, 403)
    t.equal((await change(client, id, { manager: true })).status, 403)
  }
  t.equal((await createClient(url).get('/api/theatres/1/staff')).status, 401)
  t.equal((await add(manager, user, 2)).status, 403)
  t.equal((await change(manager, other, { isActive: false }, 2)).status, 403)
  const [theirs, missing] = [await change(manager, other, {}), await change(manager, 99_999, {})]
  t.same([theirs.status, theirs.text], [404, missing.text], 'as one that does not exist')
  for (const no of NO_IDS) {
    t.equal((await change(admin, no, {})).status, 404)
    t.equal((await change(admin, id, {}, no)).status, 404)
    t.equal((await add(admin, user, no)).status, 404)
  }
  t.same(
    (await staffOf(admin, 2)).map(({ username }) => username),
    ['staff2'],
  )
})

t.test('a manager who is one no longer changes nothing, even if the request came before', async (t) => {
  const { url, db, manager, admin, idOf } = await open(t)
  const [id, managerId] = [await idOf('staff'), await idOf('manager')]
  const answer = await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id FROM users WHERE id = ${id} FOR UPDATE`
    const pending = change(manager, id, { password: PASSWORD })
    for (let waits = 0; waits === 0; ) {
      const [row] = await tx.$queryRaw<{ waits: number }[]>`
        SELECT count(*)::int AS waits FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`
      waits = row?.waits ?? 0
    }
    const demoted = admin.patch(`/api/users/${managerId}`, { managerOf: [] })
    return { pending, demoted }
  })
  const [changed, demoted] = [await answer.pending, await answer.demoted]
  t.equal(demoted.status, 200)
  // whichever came first: the manager's right stood, or nothing was changed
  const opens = (
    await createClient(url).post('/api/auth/login', { username: 'staff', password: DEMO_PASSWORD })
  ).status
  t.equal(opens, changed.status === 200 ? 401 : 200, String(changed.status))
  t.equal((await change(manager, id, { manager: true })).status, 403)
})
