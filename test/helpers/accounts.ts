import { type AccountContext, login, type OpenedSession } from '../../src/accounts/account-actions.js'
import type { SessionSettings } from '../../src/accounts/sessions.js'
import { createUser, type NewUser } from '../../src/accounts/user-actions.js'
import type { Account } from '../../src/accounts/user-queries.js'
import type { Database } from '../../src/database/client.js'
import type { NewAccessChange } from '../../src/events/event-log.js'
import { noThrottle } from '../../src/limits/login-throttle.js'

export const SETTINGS: SessionSettings = { idleSeconds: 3600, absoluteSeconds: 43_200 }
export const PASSWORD = 'a-password-of-ours'
export const CLIENT = { ip: '192.0.2.1', userAgent: 'tests' }

export interface TestContext extends AccountContext {
  /** the changes of rights that were published, in order */
  published: NewAccessChange[]
}

/** What actions need, over a real database; publishing is noted. */
export function contextOn(db: Database, sessions: SessionSettings = SETTINGS): TestContext {
  const published: NewAccessChange[] = []
  const live = { publish: (_: unknown, changes: readonly NewAccessChange[]) => published.push(...changes) }
  return {
    db,
    live: { publish: (committed, changes) => void live.publish(committed, changes) },
    sessions,
    throttle: noThrottle,
    published,
  }
}

let made = 0

/** An account with PASSWORD; an admin unless told. */
export function makeUser(ctx: TestContext, given: Partial<NewUser> = {}): Promise<Account> {
  made += 1
  const defaults = { username: `user-${made}`, password: PASSWORD, role: 'admin' as const, theatreIds: [] }
  return createUser(ctx, 'operator', { ...defaults, ...given })
}

interface LogInOptions {
  password?: string
  keep?: boolean
  /** the session that the browser has already */
  previous?: OpenedSession | null
}

/** Calls the domain's login; over HTTP it is `signIn`. */
export function logIn(
  ctx: TestContext,
  username: string,
  { password = PASSWORD, keep = false, previous }: LogInOptions = {},
): Promise<OpenedSession> {
  return login(ctx, { username, password, keep }, previous?.caller ?? null, CLIENT)
}

export async function makeTheatre(db: Database, name: string): Promise<number> {
  const theatre = await db.theatre.create({
    data: { name, timeZone: 'Asia/Kolkata', maxTime: 30, minTime: 5 },
  })
  return theatre.id
}

/** The epoch of rights, and how many changes are kept. */
export async function readEpoch(db: Database): Promise<number> {
  const row = await db.accessEpoch.findUniqueOrThrow({ where: { id: 1 } })
  return Number(row.epoch)
}
