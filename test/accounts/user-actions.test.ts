import t from 'tap'
import { findLive } from '../../src/accounts/sessions.js'
import { createUser, revokeSession, revokeSessions, updateUser } from '../../src/accounts/user-actions.js'
import { findAccountByName, listAccounts } from '../../src/accounts/user-queries.js'
import type { Principal } from '../../src/principal.js'
import {
  contextOn,
  logIn,
  makeTheatre,
  makeUser,
  PASSWORD,
  readEpoch,
  SETTINGS,
} from '../helpers/accounts.js'
import { testDatabase } from '../helpers/database.js'

const { db } = await testDatabase(t)
const ctx = contextOn(db)
const grand = await makeTheatre(db, 'Grand')
const river = await makeTheatre(db, 'River')
const admin = await makeUser(ctx, { username: 'root' })
t.beforeEach(() => {
  ctx.published.length = 0
})

const create = (username: string, more = {}, actor: Principal | 'operator' = admin.principal) =>
  createUser(ctx, actor, { username, password: PASSWORD, role: 'staff', theatreIds: [grand], ...more })
const signIn = (username: string) => logIn(ctx, username)
const changed = (userId: number) => ({ kind: 'user_changed', userId, sessionId: null })

t.test('creates accounts', async (t) => {
  t.match(await create('anna'), {
    principal: { username: 'anna', role: 'staff', theatres: [{ id: grand }] },
    isActive: true,
  })
  t.match(await create('bob', { role: 'admin', theatreIds: [] }), {
    principal: { role: 'admin', theatres: [] },
  })
  t.match(await create('मीरा@grand.example+1_x-y'), { principal: { username: 'मीरा@grand.example+1_x-y' } })
  t.same((await listAccounts(db)).map(({ principal }) => principal.username).slice(0, 2), ['anna', 'bob'])
  t.match(await create('cara', { managerOf: [grand] }), {
    principal: { theatres: [{ id: grand, manager: true }] },
  })
  t.match(await findAccountByName(db, 'ANNA'), { principal: { username: 'anna' } })
  t.equal(await findAccountByName(db, 'nobody'), null)
})

t.test('refuses invalid names', async (t) => {
  const names = [
    '',
    ' ',
    'two words',
    'a/b',
    'a\u0000',
    'a\nb',
    'x'.repeat(151),
    '<b>',
    'guest-1',
    'GUEST-x',
    'ｇuest-1',
    '\u202eguest-1',
    'e\u200bvil',
  ]
  for (const name of names) {
    await t.rejects(
      create(name),
      { status: 400, code: 'validation_failed', details: [{ path: 'username' }] },
      JSON.stringify(name.slice(0, 20)),
    )
  }
  await create('x'.repeat(150))
})

t.test('refuses a taken name in any case and Unicode form', async (t) => {
  await create('Clara')
  for (const name of ['Clara', 'clara', 'CLARA', 'Ｃlara']) {
    await t.rejects(create(name), { status: 409, code: 'username_taken' }, name)
  }
})

t.test('of concurrent calls with the same name, one succeeds', async (t) => {
  for (let round = 0; round < 10; round++) {
    const outcomes = await Promise.allSettled([
      create(`Twin-${round}`),
      create(`twin-${round}`),
      create(`TWIN-${round}`),
    ])
    t.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') t.match(outcome.reason, { status: 409, code: 'username_taken' })
    }
  }
})

t.test('refuses weak passwords, unknown theatres and staff without one, and stores nothing', async (t) => {
  await t.rejects(create('dora', { password: 'password' }), {
    status: 400,
    code: 'validation_failed',
    details: [{ path: 'password' }],
  })
  await t.rejects(create('dora', { theatreIds: [grand, 999_999] }), {
    status: 400,
    code: 'validation_failed',
    details: [{ path: 'theatreIds', message: /999999/ }],
  })
  await t.rejects(create('dora', { theatreIds: [] }), {
    status: 400,
    code: 'validation_failed',
    details: [{ path: 'theatreIds' }],
  })
  t.equal(await findAccountByName(db, 'dora'), null)
})

t.test('disabling ends all sessions, and enabling restores none', async (t) => {
  const { principal } = await create('eve')
  const [one, two] = [await signIn('eve'), await signIn('eve')]
  const before = await readEpoch(db)
  t.match(await updateUser(ctx, admin.principal, principal.userId, { isActive: false }), { isActive: false })
  const ids = [one, two].map(({ caller }) => caller.session.id)
  t.same(
    ctx.published
      .slice(0, 2)
      .map((change) => change.sessionId)
      .sort(),
    ids.sort(),
  )
  t.same(ctx.published.slice(2), [changed(principal.userId)])
  t.equal(await readEpoch(db), before + 3)
  await updateUser(ctx, admin.principal, principal.userId, { isActive: false })
  await updateUser(ctx, admin.principal, principal.userId, { isActive: true })
  t.equal(await readEpoch(db), before + 3, 'repeating and enabling don’t change rights')
  t.equal(await findLive(db, one.token, SETTINGS), null)
  await signIn('eve')
})

t.test('a password set by an admin ends all sessions', async (t) => {
  const { principal } = await create('fred')
  const { token, caller } = await signIn('fred')
  await updateUser(ctx, admin.principal, principal.userId, { password: 'another-password' })
  t.equal(await findLive(db, token, SETTINGS), null)
  t.same(ctx.published, [{ kind: 'session_ended', sessionId: caller.session.id, userId: principal.userId }])
  await t.rejects(signIn('fred'), { code: 'invalid_credentials' })
  await t.rejects(updateUser(ctx, admin.principal, principal.userId, { password: 'password' }), {
    status: 400,
    code: 'validation_failed',
  })
})

t.test('a change of role or theatres is published, but ends no session', async (t) => {
  const { userId } = (await create('gina')).principal
  const { token } = await signIn('gina')
  const update = (change: object) => updateUser(ctx, admin.principal, userId, change)
  t.match(await update({ theatreIds: [river, grand, grand] }), {
    principal: { theatres: [{ id: grand }, { id: river }] },
  })
  t.same(ctx.published, [changed(userId)], 'a theatre gained is a change')
  await update({ theatreIds: [grand, river] })
  await update({ role: 'staff' })
  await update({})
  t.same(ctx.published, [changed(userId)], 'an update that changes nothing is not published')
  t.match(await update({ role: 'customer' }), { principal: { role: 'customer', theatres: [] } })
  await update({ role: 'admin' })
  t.equal(ctx.published.length, 3)
  t.match(await update({ role: 'staff', theatreIds: [] }), { principal: { role: 'staff', theatres: [] } })
  t.match(await findLive(db, token, SETTINGS), { principal: { role: 'staff', theatres: [] } })
  await signIn('gina')
})

t.test('a refused update changes nothing', async (t) => {
  const { userId } = (await create('hans')).principal
  const before = await readEpoch(db)
  await t.rejects(updateUser(ctx, admin.principal, userId, { role: 'admin', theatreIds: [999_999] }), {
    status: 400,
    code: 'validation_failed',
  })
  t.match(await findAccountByName(db, 'hans'), { principal: { role: 'staff', theatres: [{ id: grand }] } })
  t.equal(await readEpoch(db), before)
  await t.rejects(updateUser(ctx, admin.principal, 2_147_483_647, { isActive: false }), {
    status: 404,
    code: 'not_found',
  })
})

t.test('only an actor who is still an active admin may change accounts', async (t) => {
  const { principal } = await create('ida', { role: 'admin', theatreIds: [] })
  const { userId } = (await create('john')).principal
  await updateUser(ctx, admin.principal, principal.userId, { role: 'staff' })
  await t.rejects(updateUser(ctx, principal, userId, { isActive: false }), { status: 403, code: 'forbidden' })
  await t.rejects(create('kate', {}, principal), { status: 403, code: 'forbidden' })
  await updateUser(ctx, admin.principal, principal.userId, { role: 'admin', isActive: false })
  await t.rejects(revokeSessions(ctx, principal, userId), { status: 403, code: 'forbidden' })
  t.equal(await findAccountByName(db, 'kate'), null)
})

t.test('of two admins who disable each other, one succeeds, without a deadlock', async (t) => {
  for (let round = 0; round < 8; round++) {
    const [a, b] = await Promise.all([makeUser(ctx), makeUser(ctx)])
    const outcomes = await Promise.allSettled([
      updateUser(ctx, a.principal, b.principal.userId, { isActive: false }),
      updateUser(ctx, b.principal, a.principal.userId, { isActive: false }),
    ])
    t.same(outcomes.map((outcome) => outcome.status).sort(), ['fulfilled', 'rejected'])
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') t.match(outcome.reason, { code: 'forbidden' })
  }
})

t.test('an operator can end one session or all', async (t) => {
  const { userId } = (await create('lena')).principal
  const [one, two, three] = [await signIn('lena'), await signIn('lena'), await signIn('lena')]
  await revokeSession(ctx, 'operator', userId, one.caller.session.id)
  await t.rejects(revokeSession(ctx, 'operator', userId, one.caller.session.id), {
    status: 404,
    code: 'not_found',
  })
  await t.rejects(revokeSession(ctx, 'operator', admin.principal.userId, two.caller.session.id), {
    status: 404,
    code: 'not_found',
  })
  t.equal(await revokeSessions(ctx, 'operator', userId), 2)
  t.equal(await findLive(db, three.token, SETTINGS), null)
  t.equal(ctx.published.length, 3)
  await t.rejects(revokeSessions(ctx, 'operator', 2_147_483_647), { status: 404, code: 'not_found' })
})
