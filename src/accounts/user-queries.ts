import type { Database, Prisma, Transaction } from '../database/client.js'
import type { Principal } from '../principal.js'
import { normalizeUsername } from './usernames.js'

export interface Account {
  /** the principal of the account's sessions, if it may sign in */
  principal: Principal
  isActive: boolean
  createdAt: Date
}

const accountFields = {
  id: true,
  username: true,
  role: true,
  isActive: true,
  createdAt: true,
  theatres: {
    select: { manager: true, theatre: { select: { id: true, name: true } } },
    orderBy: { theatreId: 'asc' },
  },
} satisfies Prisma.UserSelect

type UserRow = Prisma.UserGetPayload<{ select: typeof accountFields }>

function toAccount({ id, username, role, isActive, createdAt, theatres }: UserRow): Account {
  return {
    // the memberships of a former staff member stay stored, but count for staff only
    principal: {
      userId: id,
      username,
      role,
      theatres: role === 'staff' ? theatres.map(({ theatre, manager }) => ({ ...theatre, manager })) : [],
    },
    isActive,
    createdAt,
  }
}

/** An account by its id, guests included; or null. */
export async function findAccount(db: Database | Transaction, userId: number): Promise<Account | null> {
  const user = await db.user.findUnique({ where: { id: userId }, select: accountFields })
  return user && toAccount(user)
}

/** An account by its name, ignoring case and blanks at either end; or null. */
export async function findAccountByName(db: Database, username: string): Promise<Account | null> {
  const rows = await db.$queryRaw<{ id: number }[]>`
    SELECT id FROM users WHERE lower(username) = lower(${normalizeUsername(username)})`
  return rows[0] ? await findAccount(db, rows[0].id) : null
}

/** All accounts except guests, by name. */
export async function listAccounts(db: Database): Promise<Account[]> {
  const users = await db.user.findMany({
    where: { OR: [{ passwordHash: { not: null } }, { role: { not: 'customer' } }] },
    select: accountFields,
    orderBy: { username: 'asc' },
  })
  return users.map(toAccount)
}
