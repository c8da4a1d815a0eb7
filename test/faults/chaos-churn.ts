import type { Crowd } from './chaos-crowd.js'
import type { Account } from './chaos-people.js'

/** Ends sessions, disables users and moves them between theatres until the crowd stops. */
export async function keepChanging(crowd: Crowd, paceMs: number, done: Map<string, number>): Promise<void> {
  const count = (what: string) => done.set(what, (done.get(what) ?? 0) + 1)
  while (!crowd.isStopping) {
    await crowd.pause(paceMs / 2 + crowd.random.below(paceMs))
    const account = crowd.random.pick(crowd.data.staff)
    const dice = crowd.random.next()
    if (dice < 0.4) await logOut(crowd).then(() => count('logged out'))
    else if (dice < 0.6) await disableForAWhile(crowd, account).then(() => count('disabled'))
    else await move(crowd, account).then(() => count('moved'))
  }
}

async function logOut(crowd: Crowd): Promise<void> {
  const { identity } = crowd.random.pick(crowd.screens)
  if (identity) await crowd.ask(identity.http, 'POST', '/api/auth/logout')
}

async function change(crowd: Crowd, { id }: Account, body: object, persists = false): Promise<void> {
  for (let tries = 0; persists || tries < 3; tries++) {
    const { status } = await crowd.ask(await crowd.adminHttp(), 'PATCH', `/api/users/${id}`, body)
    if (status === 200) return
    if (status === 401) crowd.admin = null
    await crowd.rest(300)
  }
}

async function disableForAWhile(crowd: Crowd, account: Account): Promise<void> {
  await change(crowd, account, { isActive: false })
  // enabled again even if the crowd stops in between
  crowd.run(async () => {
    await crowd.rest(500 + crowd.random.below(2500))
    await change(crowd, account, { isActive: true }, true)
  })
}

async function move(crowd: Crowd, account: Account): Promise<void> {
  const { theatres } = crowd.data
  const first = crowd.random.pick(theatres)
  const second = crowd.random.pick(theatres)
  const theatreIds = crowd.random.chance(0.5) ? [first.id] : [...new Set([first.id, second.id])]
  await change(crowd, account, { theatreIds })
}
