import t from 'tap'
import { changePassword } from '../../src/accounts/account-actions.js'
import { findLive, onBehalfOf } from '../../src/accounts/sessions.js'
import { updateUser } from '../../src/accounts/user-actions.js'
import { KeyedQueue } from '../../src/concurrency/keyed-queue.js'
import { type CommitOptions, commit, commitRaw } from '../../src/events/commit.js'
import type { OnBehalf } from '../../src/events/event-log.js'
import { CLIENT, contextOn, logIn, makeTheatre, makeUser, PASSWORD, SETTINGS } from '../helpers/accounts.js'
import { testDatabase } from '../helpers/database.js'

const { db } = await testDatabase(t)
const ctx = contextOn(db)
const theatres = [await makeTheatre(db, 'One'), await makeTheatre(db, 'Two')]

async function signedIn() {
  const { principal } = await makeUser(ctx, { role: 'staff', theatreIds: theatres.slice(0, 1) })
  const { token } = await logIn(ctx, principal.username)
  const caller = await findLive(db, token, SETTINGS)
  if (!caller) throw new Error('the session is missing')
  return { caller, onBehalf: onBehalfOf(caller), userId: principal.userId }
}

let made = 0

/** Commits a change on behalf of a session; returns its result or error code, and how many rows were stored. */
async function change(
  way: typeof commit | typeof commitRaw,
  onBehalf: OnBehalf,
  before: () => Promise<unknown> = async () => {},
) {
  const name = `theatre of ${++made}`
  const work = way({ ...ctx, onBehalf }, async (tx) => {
    await tx.$executeRaw`
      INSERT INTO theatres (name, time_zone, max_time, min_time) VALUES (${name}, 'UTC', 9, 1)`
    await before()
    return { result: 'done' }
  })
  const outcome = await work.catch((error: unknown) =>
    error instanceof Error ? Reflect.get(error, 'code') : error,
  )
  return [outcome, await db.theatre.count({ where: { name } })]
}

// through Prisma, and by the driver alone
for (const way of [commit, commitRaw]) {
  t.test(`${way.name}: commits on behalf of a session whose permissions are unchanged`, async (t) => {
    const { onBehalf } = await signedIn()
    const other = await signedIn()
    t.strictSame(await change(way, onBehalf), ['done', 1])
    await updateUser(ctx, 'operator', other.userId, { isActive: false })
    t.strictSame(await change(way, onBehalf), ['done', 1], 'changes of other users have no effect')
  })

  t.test(
    `${way.name}: stores nothing once the permissions have changed, even while the transaction runs`,
    async (t) => {
      const changes: [name: string, apply: (userId: number) => Promise<unknown>, code: string][] = [
        ['disabled', (id) => updateUser(ctx, 'operator', id, { isActive: false }), 'unauthenticated'],
        [
          'a new password',
          (id) => updateUser(ctx, 'operator', id, { password: 'set-by-an-admin' }),
          'unauthenticated',
        ],
        [
          'another theatre',
          (id) => updateUser(ctx, 'operator', id, { theatreIds: theatres.slice(1) }),
          'rights_changed',
        ],
        ['another role', (id) => updateUser(ctx, 'operator', id, { role: 'customer' }), 'rights_changed'],
      ]
      for (const [name, apply, code] of changes) {
        const { onBehalf, userId } = await signedIn()
        t.strictSame(
          await change(way, onBehalf, () => apply(userId)),
          [code, 0],
          `${name}, during the transaction`,
        )
        t.strictSame(await change(way, onBehalf), [code, 0], `${name}, before it`)
      }
    },
  )

  t.test(`${way.name}: refuses a request in progress when its session gets a new token`, async (t) => {
    const { caller, onBehalf } = await signedIn()
    const given = { currentPassword: PASSWORD, newPassword: 'another-password' }
    const renew = () => changePassword(ctx, caller, given, CLIENT)
    t.strictSame(await change(way, onBehalf, renew), ['rights_changed', 0])
  })

  t.test(`${way.name}: is not refused because of its own access changes`, async (t) => {
    const { onBehalf, userId } = await signedIn()
    await way({ ...ctx, onBehalf }, async () => ({
      result: null,
      accessChanges: [{ kind: 'user_changed', userId, sessionId: null }],
    }))
    t.strictSame(await change(way, onBehalf), ['rights_changed', 0], 'but the next commit is')
  })
}

t.test('runs commits with the same queue key one after the other', async (t) => {
  const queue = new KeyedQueue()
  const running = { now: 0, most: 0 }
  const options: CommitOptions = { queueKey: 'order:1' }
  await Promise.all(
    Array.from({ length: 20 }, () =>
      commit(
        { ...ctx, queue },
        async () => {
          running.most = Math.max(running.most, ++running.now)
          await new Promise(setImmediate)
          running.now--
          return { result: null }
        },
        options,
      ),
    ),
  )
  t.equal(running.most, 1)
})
