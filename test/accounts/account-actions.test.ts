import t from 'tap'
import {
  changePassword,
  endOtherSessions,
  endOwnSession,
  login,
  logout,
  type OpenedSession,
  openGuest,
} from '../../src/accounts/account-actions.js'
import { findLive } from '../../src/accounts/sessions.js'
import { updateUser } from '../../src/accounts/user-actions.js'
import { createLocalCounter } from '../../src/limits/hit-counter.js'
import { createLoginThrottle } from '../../src/limits/login-throttle.js'
import { CLIENT, contextOn, logIn, makeUser, PASSWORD, readEpoch, SETTINGS } from '../helpers/accounts.js'
import { testDatabase } from '../helpers/database.js'

const { db } = await testDatabase(t)
const ctx = contextOn(db)
t.beforeEach(() => {
  ctx.published.length = 0
})

const isLive = async ({ token }: OpenedSession) => (await findLive(db, token, SETTINGS)) !== null
const endedOf = ({ caller }: OpenedSession) => ({
  kind: 'session_ended',
  sessionId: caller.session.id,
  userId: caller.principal.userId,
})

const signIn = (username: string, previous: OpenedSession | null = null, keep = false) =>
  logIn(ctx, username, { previous, keep })

async function newUser(): Promise<{ username: string; userId: number }> {
  const { principal } = await makeUser(ctx)
  return { username: principal.username, userId: principal.userId }
}

t.test('login ignores the case of the username', async (t) => {
  const { username, userId } = await newUser()
  const opened = await signIn(username.toUpperCase())
  t.match(opened.caller, { principal: { userId, username, role: 'admin' } })
  t.ok(await isLive(opened))
  t.same(ctx.published, [], 'a login without a previous session revokes nothing')
})

t.test('unknown name, wrong password, disabled account and guest give the same error', async (t) => {
  const { username, userId } = await newUser()
  const disabled = await newUser()
  await updateUser(ctx, 'operator', disabled.userId, { isActive: false })
  const guest = await openGuest(ctx, CLIENT)
  const attempts: [string, string][] = [
    ['no-such-user', PASSWORD],
    [username, 'not-the-password'],
    [username, `${PASSWORD} `],
    [disabled.username, PASSWORD],
    [guest.caller.principal.username, PASSWORD],
    ['nul\u0000', PASSWORD],
    ['', PASSWORD],
    ['x'.repeat(1000), PASSWORD],
    ["' OR 1=1 --", PASSWORD],
    ['%', PASSWORD],
  ]
  for (const [name, password] of attempts) {
    await t.rejects(
      logIn(ctx, name, { password }),
      { status: 401, code: 'invalid_credentials', message: 'The username or the password is wrong.' },
      JSON.stringify(name.slice(0, 30)),
    )
  }
  t.equal(await db.session.count({ where: { userId } }), 0)
})

t.test('a login ends the caller’s previous session, even another user’s', async (t) => {
  const guest = await openGuest(ctx, CLIENT)
  const { username } = await newUser()
  const before = await readEpoch(db)
  const first = await signIn(username, guest)
  const second = await signIn(username, first)
  t.same([await isLive(guest), await isLive(first), await isLive(second)], [false, false, true])
  t.same(ctx.published, [endedOf(guest), endedOf(first)])
  t.equal(await readEpoch(db), before + 2)
})

t.test('guests have a reserved name, no password and only an absolute age', async (t) => {
  const { caller } = await openGuest(ctx, CLIENT)
  t.match(caller.principal, { role: 'customer', username: /^guest-[0-9a-f]{24}$/, theatres: [] })
  t.same(caller.session.expiresAt, caller.session.absoluteEndsAt)
})

t.test('logout ends the session at once and publishes it once', async (t) => {
  const { username } = await newUser()
  const opened = await signIn(username)
  const other = await signIn(username)
  await Promise.all([logout(ctx, opened.caller), logout(ctx, opened.caller)])
  t.same([await isLive(opened), await isLive(other)], [false, true], 'the other device stays signed in')
  t.same(ctx.published, [endedOf(opened)])
})

t.test('a user can end one of their own sessions, but no one else’s', async (t) => {
  const { username } = await newUser()
  const [here, there] = [await signIn(username), await signIn(username)]
  const stranger = await signIn((await newUser()).username)
  for (const id of [stranger.caller.session.id, crypto.randomUUID(), 'x']) {
    await t.rejects(endOwnSession(ctx, here.caller, id), { status: 404, code: 'not_found' })
  }
  await endOwnSession(ctx, here.caller, there.caller.session.id)
  t.same([await isLive(here), await isLive(there), await isLive(stranger)], [true, false, true])
  await t.rejects(endOwnSession(ctx, here.caller, there.caller.session.id), {
    status: 404,
    code: 'not_found',
  })
})

t.test('a user can end all their other sessions', async (t) => {
  const { username } = await newUser()
  const sessions = [await signIn(username), await signIn(username), await signIn(username)]
  const [here, one, two] = sessions
  if (!here || !one || !two) throw new Error('three')
  await endOtherSessions(ctx, here.caller)
  t.same(await Promise.all(sessions.map(isLive)), [true, false, false])
  t.same(
    ctx.published.map((change) => change.sessionId).sort(),
    [one.caller.session.id, two.caller.session.id].sort(),
  )
})

t.test('an ended session can’t end others', async (t) => {
  const { username } = await newUser()
  const [ended, live] = [await signIn(username), await signIn(username)]
  await logout(ctx, ended.caller)
  const refusal = { status: 401, code: 'unauthenticated' }
  await t.rejects(endOtherSessions(ctx, ended.caller), refusal)
  await t.rejects(endOwnSession(ctx, ended.caller, live.caller.session.id), refusal)
  await t.rejects(
    changePassword(ctx, ended.caller, { currentPassword: PASSWORD, newPassword: 'another-password' }, CLIENT),
    refusal,
  )
  t.ok(await isLive(live))
})

t.test('a password change gives the session a new token and ends all others', async (t) => {
  const { username } = await newUser()
  const [here, there] = [await signIn(username), await signIn(username)]
  const given = { currentPassword: PASSWORD, newPassword: 'another-password' }
  const renewed = await changePassword(ctx, here.caller, given, CLIENT)
  t.equal(renewed.id, here.caller.session.id)
  t.not(renewed.token, here.token)
  t.same([await isLive(here), await isLive(there)], [false, false])
  t.equal((await findLive(db, renewed.token, SETTINGS))?.session.id, here.caller.session.id)
  const renewal = { kind: 'user_changed', userId: here.caller.principal.userId, sessionId: null }
  t.same(ctx.published, [endedOf(there), renewal], 'the caller’s own session does not end')
  await t.rejects(signIn(username), { code: 'invalid_credentials' })
  await logIn(ctx, username, { password: 'another-password' })
})

t.test('a password change with a wrong or a weak password is refused and changes nothing', async (t) => {
  const { username } = await newUser()
  const here = await signIn(username)
  const change = (currentPassword: string, newPassword: string) =>
    changePassword(ctx, here.caller, { currentPassword, newPassword }, CLIENT)
  await t.rejects(change('wrong-wrong', 'another-password'), { status: 401, code: 'invalid_credentials' })
  await t.rejects(change(PASSWORD, 'short'), {
    status: 400,
    code: 'validation_failed',
    details: [{ path: 'newPassword' }],
  })
  await t.rejects(change(PASSWORD, 'password1'), { status: 400, code: 'validation_failed' })
  const guest = await openGuest(ctx, CLIENT)
  await t.rejects(
    changePassword(ctx, guest.caller, { currentPassword: '', newPassword: 'another-password' }, CLIENT),
    { status: 401, code: 'invalid_credentials' },
    'a guest has no password to change',
  )
  t.ok(await isLive(here))
  t.ok(await isLive(await signIn(username)))
})

t.test(
  'guesses are limited: those of strangers apart from those with the account’s own session',
  async (t) => {
    const throttled = { ...ctx, throttle: createLoginThrottle(createLocalCounter()) }
    const { username } = await newUser()
    const here = await signIn(username)
    const WRONG = { status: 401, code: 'invalid_credentials' }
    const TOO_MANY = { status: 429, code: 'too_many_requests' }
    const guess = (password = 'a-guess', client = CLIENT) =>
      login(throttled, { username, password, keep: false }, null, client)
    const change = (currentPassword = 'a-guess') =>
      changePassword(throttled, here.caller, { currentPassword, newPassword: 'another-password' }, CLIENT)
    for (let i = 0; i < 10; i++) await t.rejects(guess(), WRONG)
    await t.rejects(guess(), TOO_MANY)
    await t.rejects(
      guess(PASSWORD),
      TOO_MANY,
      'the right password too: otherwise the response would reveal it',
    )
    await guess(PASSWORD, { ...CLIENT, ip: '198.51.100.1' })
    for (let i = 0; i < 10; i++)
      await t.rejects(change(), WRONG, 'a stranger’s guesses don’t count for the session')
    await t.rejects(change(), TOO_MANY)
    await t.rejects(change(PASSWORD), TOO_MANY)
  },
)

t.test('a login concurrent with disabling leaves no live session', async (t) => {
  for (let round = 0; round < 12; round++) {
    const { username, userId } = await newUser()
    const outcomes = await Promise.allSettled([
      signIn(username),
      signIn(username),
      updateUser(ctx, 'operator', userId, { isActive: false }),
    ])
    t.equal(outcomes[2].status, 'fulfilled')
    if ((await db.session.count({ where: { userId } })) > 0) t.fail('a session outlived its user')
  }
})

t.test('a login concurrent with a new password leaves no session of the old one', async (t) => {
  for (let round = 0; round < 8; round++) {
    const { username, userId } = await newUser()
    await Promise.allSettled([
      signIn(username),
      updateUser(ctx, 'operator', userId, { password: 'another-password' }),
      signIn(username),
    ])
    if ((await db.session.count({ where: { userId } })) > 0) t.fail('a session of the old password is live')
  }
})

t.test(
  'concurrent logins, logouts and revocations of one user cause no deadlock or internal error',
  async (t) => {
    const { username } = await newUser()
    for (let round = 0; round < 6; round++) {
      const opened = await Promise.all([signIn(username), signIn(username), signIn(username)])
      const outcomes = await Promise.allSettled([
        ...opened.map(({ caller }) => endOtherSessions(ctx, caller)),
        ...opened.map(({ caller }) => logout(ctx, caller)),
        ...opened.map((session) => signIn(username, session)),
      ])
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') t.match(outcome.reason, { code: 'unauthenticated' })
      }
      for (const session of opened) t.notOk(await isLive(session), 'each was logged out')
    }
  },
)

t.test('the stored changes have consecutive epochs', async (t) => {
  const { username } = await newUser()
  const opened = await Promise.all([signIn(username), signIn(username), signIn(username)])
  const before = await readEpoch(db)
  await Promise.all(opened.map(({ caller }) => logout(ctx, caller)))
  const rows = await db.accessChange.findMany({ where: { epoch: { gt: before } }, orderBy: { epoch: 'asc' } })
  t.same(
    rows.map((row) => Number(row.epoch)),
    [before + 1, before + 2, before + 3],
  )
  t.same(rows.map((row) => row.sessionId).sort(), opened.map(({ caller }) => caller.session.id).sort())
})
