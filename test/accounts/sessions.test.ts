import t from 'tap'
import { toSessionState } from '../../src/accounts/session-state.js'
import {
  deleteExpiredSessions,
  endSession,
  type IssuedSession,
  listSessions,
  rotateSession,
  startSession,
  touch,
} from '../../src/accounts/session-writes.js'
import {
  findLive,
  findLiveById,
  findLiveByIds,
  findLiveForHandshakes,
  hashToken,
} from '../../src/accounts/sessions.js'
import { updateUser } from '../../src/accounts/user-actions.js'
import type { Database } from '../../src/database/client.js'
import { CLIENT, contextOn, makeTheatre, makeUser, readEpoch, SETTINGS } from '../helpers/accounts.js'
import { testDatabase } from '../helpers/database.js'
import { untilLockWait } from '../helpers/lock-waits.js'
import { until } from '../helpers/until.js'

const { db } = await testDatabase(t)
const ctx = contextOn(db)

async function openFor(userId: number, keep = false): Promise<IssuedSession> {
  return await db.$transaction((tx) => startSession(tx, { userId, keep, client: CLIENT }, SETTINGS))
}

async function openSession(keep = false): Promise<IssuedSession & { userId: number }> {
  const { principal } = await makeUser(ctx)
  return { ...(await openFor(principal.userId, keep)), userId: principal.userId }
}

/** Lets time pass for one session: sessions expire by the database's clock, so its times are moved back. */
async function age(on: Database, id: string, seconds: number): Promise<void> {
  await on.$executeRaw`
    UPDATE sessions SET last_seen_at = last_seen_at - make_interval(secs => ${seconds}::float8),
      created_at = created_at - make_interval(secs => ${seconds}::float8),
      absolute_ends_at = absolute_ends_at - make_interval(secs => ${seconds}::float8) WHERE id = ${id}::uuid`
}

t.test('one query reads the session, its user, the theatres and the epoch', async (t) => {
  const grand = await makeTheatre(db, 'Grand')
  const river = await makeTheatre(db, 'River')
  const { principal } = await makeUser(ctx, { username: 'both', role: 'staff', theatreIds: [river, grand] })
  const { token, id } = await openFor(principal.userId)
  const live = await findLive(db, token, SETTINGS)
  t.match(live, {
    principal: { userId: principal.userId, username: 'both', role: 'staff' },
    session: { id, isStale: false },
    epoch: await readEpoch(db),
  })
  t.same(live?.principal.theatres, [
    { id: grand, name: 'Grand', manager: false },
    { id: river, name: 'River', manager: false },
  ])
  t.ok(live && live.session.remainingMs > 3_600_000 && live.session.remainingMs <= 3_636_000)
  t.equal(live && live.session.absoluteEndsAt.getTime() - live.session.createdAt.getTime(), 43_200_000)
  await updateUser(ctx, 'operator', principal.userId, { role: 'customer' })
  t.match(
    await findLive(db, token, SETTINGS),
    { principal: { role: 'customer', theatres: [] } },
    'the theatres of a former staff member don’t count',
  )
})

t.test('nothing in the sessions table works as a token', async (t) => {
  const { token, id } = await openSession()
  t.ok(Buffer.from(token, 'base64url').length >= 16)
  const row = await db.session.findUniqueOrThrow({ where: { id } })
  t.same(Buffer.from(row.tokenHash), Buffer.from(hashToken(token)))
  t.notOk(JSON.stringify(row).includes(token))
  for (const guess of [
    id,
    '',
    'x',
    `${token}x`,
    Buffer.from(row.tokenHash).toString('base64url'),
    '\u0000',
  ]) {
    t.equal(await findLive(db, guess, SETTINGS), null)
  }
})

t.test('an idle session lives for its age and at most the touch interval longer', async (t) => {
  const { token, id, userId } = await openSession()
  await age(db, id, 37)
  t.equal((await findLive(db, token, SETTINGS))?.session.isStale, true, 'the touch interval is 36 s here')
  await age(db, id, 3563 + 34)
  t.ok(await findLive(db, token, SETTINGS))
  t.equal((await listSessions(db, userId, SETTINGS)).length, 1)
  await age(db, id, 3)
  t.equal(await findLive(db, token, SETTINGS), null)
  t.equal(await findLiveById(db, id, SETTINGS), null)
  t.equal(await touch(db, id, SETTINGS), null, 'no request revives it')
  t.equal(await db.$transaction((tx) => rotateSession(tx, id, SETTINGS)), null)
  t.same(await listSessions(db, userId, SETTINGS), [])
})

t.test('with keep only the absolute age counts; without it, both do', async (t) => {
  const kept = await openSession(true)
  const used = await openSession()
  for (let hour = 0; hour < 11; hour++) {
    await age(db, kept.id, 3600)
    await age(db, used.id, 3600)
    t.ok(await touch(db, used.id, SETTINGS))
  }
  t.ok(await findLive(db, kept.token, SETTINGS))
  const times = await touch(db, used.id, SETTINGS)
  t.equal(times?.expiresAt.getTime(), times?.absoluteEndsAt.getTime(), 'the nearer end counts')
  await age(db, kept.id, 3601)
  await age(db, used.id, 3601)
  t.equal(await findLive(db, kept.token, SETTINGS), null)
  t.equal(await findLive(db, used.token, SETTINGS), null)
})

t.test('a touch postpones the idle end and nothing else', async (t) => {
  const { id, token, absoluteEndsAt } = await openSession()
  await age(db, id, 1000)
  const before = await findLive(db, token, SETTINGS)
  const after = await touch(db, id, SETTINGS)
  t.ok(before && after && after.remainingMs - before.session.remainingMs > 999_000)
  t.equal(after?.absoluteEndsAt.getTime(), absoluteEndsAt.getTime() - 1_000_000)
})

t.test('a disabled user has no live session, even if the row exists', async (t) => {
  const { id, token, userId } = await openSession()
  await db.user.update({ where: { id: userId }, data: { isActive: false } })
  t.equal(await findLive(db, token, SETTINGS), null)
  t.equal(await touch(db, id, SETTINGS), null)
})

t.test('a touch concurrent with the end never revives the session', async (t) => {
  for (let round = 0; round < 40; round++) {
    const { id, token, userId } = await openSession()
    const end = () => db.$transaction((tx) => endSession(tx, id, userId))
    const use = () => touch(db, id, SETTINGS)
    await Promise.all(round % 2 ? [use(), end(), use()] : [end(), use(), use()])
    if (await findLive(db, token, SETTINGS)) t.fail('the session is live')
    if (await touch(db, id, SETTINGS)) t.fail('the session was touched')
  }
})

t.test('a touch that waits for an uncommitted end returns null', async (t) => {
  const { id, token, userId } = await openSession()
  let late: Promise<unknown> = Promise.resolve('not called')
  await db.$transaction(async (tx) => {
    await endSession(tx, id, userId)
    late = touch(db, id, SETTINGS)
    // the touch waits for this transaction's lock before the commit
    await waitForLock(db)
  })
  t.equal(await late, null)
  t.equal(await findLive(db, token, SETTINGS), null)
})

async function waitForLock(on: Database): Promise<void> {
  await until(async () => {
    const [row] = await on.$queryRaw<{ waiting: number }[]>`
      SELECT count(*)::int AS waiting FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`
    return row?.waiting
  }, 'a statement to wait for a lock')
}

t.test('a new token replaces the old one; the public id stays', async (t) => {
  const { id, token } = await openSession()
  const renewed = await db.$transaction((tx) => rotateSession(tx, id, SETTINGS))
  t.equal(renewed?.id, id)
  t.equal(await findLive(db, token, SETTINGS), null)
  t.equal((await findLive(db, renewed?.token ?? '', SETTINGS))?.session.id, id)
})

t.test('a handshake’s order is read in the same query', async (t) => {
  const { token, userId } = await openSession()
  const theatreId = await makeTheatre(db, 'Ordered')
  const hall = await db.hall.create({
    data: { theatreId, name: 'Screen 1', seats: { create: { name: 'A1', token: 'seat-1' } } },
    include: { seats: true },
  })
  const seatId = hall.seats[0]?.id ?? 0
  const order = await db.order.create({
    data: { theatreId, seatId, customerId: userId, paymentMethod: 'online', total: 100 },
  })
  const lookUp = async (key: string, orderId: number | null) =>
    (
      await findLiveForHandshakes(
        db,
        [
          { token: 'other', orderId: null },
          { token: key, orderId },
        ],
        SETTINGS,
      )
    )[1]
  t.match(await lookUp(token, order.id), {
    principal: { userId },
    order: { customerId: userId, theatreId },
  })
  t.match(await lookUp(token, 2_147_483_647), { principal: { userId }, order: null })
  t.equal(await lookUp('nobody', order.id), null)
})

t.test('of many sessions read at once, ended ones are missing', async (t) => {
  const [one, two, gone] = await Promise.all([openSession(), openSession(), openSession()])
  await age(db, gone.id, 4000)
  const found = await findLiveByIds(db, [one.id, two.id, gone.id, crypto.randomUUID()], SETTINGS)
  t.same([...found.keys()].sort(), [one.id, two.id].sort())
  t.equal(found.get(one.id)?.principal.userId, one.userId)
  t.equal((await findLiveByIds(db, [], SETTINGS)).size, 0)
})

t.test('ending someone else’s session or a missing one does nothing', async (t) => {
  const mine = await openSession()
  const other = await openSession()
  for (const id of [mine.id, crypto.randomUUID(), 'not-a-uuid', '\u0000', '']) {
    t.same(await db.$transaction((tx) => endSession(tx, id, other.userId)), [])
  }
  t.ok(await findLive(db, mine.token, SETTINGS))
})

t.test('deletes expired sessions in batches, and guests without any data', async (t) => {
  const { db } = await testDatabase(t)
  const { principal } = await makeUser(contextOn(db))
  const start = (userId: number) =>
    db.$transaction((tx) => startSession(tx, { userId, keep: false, client: CLIENT }, SETTINGS))
  const ended = await Promise.all(Array.from({ length: 7 }, () => start(principal.userId)))
  for (const { id } of ended) await age(db, id, 4000)
  const kept = await start(principal.userId)
  const guest = (name: string) =>
    db.user.create({ data: { username: `guest-${name}`, role: 'customer', createdAt: new Date(0) } })
  const [idle, signedIn] = await Promise.all([
    guest('idle'),
    guest('signed-in'),
    db.user.create({ data: { username: 'guest-new', role: 'customer' } }),
  ])
  await start(signedIn.id)
  t.equal(await deleteExpiredSessions(db, SETTINGS, 3), 7)
  t.ok(await findLive(db, kept.token, SETTINGS))
  t.equal(await db.user.findUnique({ where: { id: idle.id } }), null)
  t.same((await db.user.findMany({ where: { role: 'customer' } })).map((user) => user.username).sort(), [
    'guest-new',
    'guest-signed-in',
  ])
})

t.test('a session that is read slowly ends no later', async (t) => {
  const { id } = await openSession()
  let lock = () => {}
  const locked = new Promise<void>((resolve) => {
    lock = resolve
  })
  const slow = db.$transaction(async (tx) => {
    await tx.$executeRaw`LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE`
    lock()
    await untilLockWait(db)
    await tx.$executeRaw`SELECT pg_sleep(0.5)`
  })
  await locked
  const caller = await findLiveById(db, id, SETTINGS)
  await slow
  if (!caller) throw new Error('the session was not found')
  const { remainingMs, readAt } = toSessionState(caller)
  const [row] = await db.$queryRaw<{ left: number }[]>`
    SELECT (extract(epoch FROM ${caller.session.expiresAt} - now()) * 1000)::float8 AS left`
  const counted = remainingMs - (performance.now() - readAt)
  t.ok(counted <= (row?.left ?? 0), `${counted} ms are counted, ${row?.left} ms are left`)
})
