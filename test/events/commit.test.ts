import t from 'tap'
import { changePassword, login } from '../../src/accounts/account-actions.js'
import { findLive, onBehalfOf } from '../../src/accounts/sessions.js'
import { updateUser } from '../../src/accounts/user-actions.js'
import { Lanes } from '../../src/concurrency/keyed-queue.js'
import { type CommitOptions, commit, type OnBehalf, type Outcome } from '../../src/events/commit.js'
import { CLIENT, contextOn, makeTheatre, makeUser, PASSWORD, SETTINGS } from '../accounts/context.js'
import { testDatabase } from '../helpers/postgres.js'

const { db } = await testDatabase(t)
const ctx = contextOn(db)
const theatres = [await makeTheatre(db, 'One'), await makeTheatre(db, 'Two')]

async function signedIn() {
  const { principal } = await makeUser(ctx, { role: 'staff', theatreIds: theatres.slice(0, 1) })
  const given = { username: principal.username, password: PASSWORD, keep: false }
  const { token } = await login(ctx, given, null, CLIENT)
  const caller = await findLive(db, token, SETTINGS)
  if (!caller) throw new Error('nobody signed in')
  return { caller, onBehalf: onBehalfOf(caller), userId: principal.userId }
}

let made = 0

/** A change in this one's name. Answers with what came of it, and whether it was stored. */
async function change(onBehalf: OnBehalf, meanwhile: () => Promise<unknown> = async () => {}) {
  const name = `theatre of ${++made}`
  const work = commit({ ...ctx, onBehalf }, async (tx): Promise<Outcome<string>> => {
    const times = { timeZone: 'UTC', maxTime: 9, minTime: 1 }
    await tx.theatre.create({ data: { name, ...times }, select: { id: true } })
    await meanwhile()
    return { result: 'done' }
  })
  const said = await work.catch((error: unknown) =>
    error instanceof Error ? Reflect.get(error, 'code') : error,
  )
  return [said, await db.theatre.count({ where: { name } })]
}

t.test('in the name of a session: as long as its rights are what they were', async (t) => {
  const { onBehalf } = await signedIn()
  const other = await signedIn()
  t.strictSame(await change(onBehalf), ['done', 1])
  await updateUser(ctx, 'operator', other.userId, { isActive: false })
  t.strictSame(await change(onBehalf), ['done', 1], 'others’ changes are not its own')
})

t.test('once they have changed nothing is stored, however late in the work that was', async (t) => {
  const endings: [name: string, end: (userId: number) => Promise<unknown>, said: string][] = [
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
  for (const [name, end, said] of endings) {
    const { onBehalf, userId } = await signedIn()
    t.strictSame(await change(onBehalf, () => end(userId)), [said, 0], `${name}, meanwhile`)
    t.strictSame(await change(onBehalf), [said, 0], `${name}, before`)
  }
})

t.test('a request that is under way under the old token is not carried out', async (t) => {
  const { caller, onBehalf } = await signedIn()
  const given = { currentPassword: PASSWORD, newPassword: 'another-password' }
  const renew = () => changePassword(ctx, caller, given, CLIENT)
  t.strictSame(await change(onBehalf, renew), ['rights_changed', 0])
})

t.test('its own changes of rights do not stop it', async (t) => {
  const { onBehalf, userId } = await signedIn()
  await commit({ ...ctx, onBehalf }, async () => ({
    result: null,
    changes: [{ kind: 'user_changed', userId, sessionId: null }],
  }))
  t.strictSame(await change(onBehalf), ['rights_changed', 0], 'the next one is stopped by them')
})

t.test('lanes: one after the other within, side by side between, and not without end', async (t) => {
  const lanes = new Lanes()
  const order: string[] = []
  const opened: (() => void)[] = []
  const task = (name: string) => async () => {
    order.push(`${name} begins`)
    await new Promise<void>((resolve) => opened.push(resolve))
    order.push(`${name} ends`)
    if (name === 'a1') throw new Error('a1 failed')
    return name
  }
  const first = lanes.run('a', task('a1'))
  const second = lanes.run('a', task('a2'))
  const beside = lanes.run('b', task('b1'))
  await new Promise(setImmediate)
  t.strictSame(order, ['a1 begins', 'b1 begins'])
  opened.shift()?.()
  await t.rejects(first, { message: 'a1 failed' })
  while (opened.length < 2) await new Promise(setImmediate)
  for (const open of opened) open()
  t.strictSame(await Promise.all([second, beside]), ['a2', 'b1'])

  let end = () => {}
  const blocked = new Promise<void>((resolve) => {
    end = resolve
  })
  const many = Array.from({ length: 257 }, () =>
    lanes
      .run('c', () => blocked)
      .then(
        () => 'done',
        (error: unknown) => (error instanceof Error ? Reflect.get(error, 'code') : error),
      ),
  )
  end()
  const said = await Promise.all(many)
  t.equal(said.filter((one) => one === 'done').length, 256)
  t.equal(said.at(-1), 'unavailable')
  t.equal(await lanes.run('c', async () => 'free again'), 'free again')
})

t.test('lanes: whose turn does not come in time is refused, and not carried out later', async (t) => {
  const lanes = new Lanes(20)
  const done: string[] = []
  let end = () => {}
  const first = lanes.run('a', async () => {
    await new Promise<void>((resolve) => {
      end = resolve
    })
    done.push('first')
  })
  const waiting = ['second', 'third'].map((name) => lanes.run('a', async () => void done.push(name)))
  for (const late of waiting) await t.rejects(late, { code: 'unavailable', status: 503 })
  end()
  await first
  await lanes.run('a', async () => void done.push('next'))
  t.strictSame(done, ['first', 'next'], 'one that has its turn may take its time')
})

t.test('changes of one lane hold one connection', async (t) => {
  const lanes = new Lanes()
  const running = { now: 0, most: 0 }
  const options: CommitOptions = { lane: 'order:1' }
  await Promise.all(
    Array.from({ length: 20 }, () =>
      commit(
        { ...ctx, lanes },
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
