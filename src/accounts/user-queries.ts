import type { Database, Prisma, Transaction } from '../database/client.js'
import type { Principal } from '../principal.js'

/** An account: who they would be if they signed in, and whether they may. */
export interface Account {
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
  theatres: { select: { theatre: { select: { id: true, name: true } } }, orderBy: { theatreId: 'asc' } },
} satisfies Prisma.UserSelect

type UserRow = Prisma.UserGetPayload<{ select: typeof accountFields }>

function toAccount({ id, username, role, isActive, createdAt, theatres }: UserRow): Account {
  return {
    // theatres are kept, but count for staff only
    principal: {
      userId: id,
      username,
      role,
      theatres: role === 'staff' ? theatres.map((own) => own.theatre) : [],
    },
    isActive,
    createdAt,
  }
}

/** One account, a guest's too; or null. */
export async function findAccount(db: Database | Transaction, userId: number): Promise<Account | null> {
  const user = await db.user.findUnique({ where: { id: userId }, select: accountFields })
  return user && toAccount(user)
}

/** The account of that name, in whatever case it is written; or null. */
export async function findAccountByName(db: Database, username: string): Promise<Account | null> {
  const rows = await db.$queryRaw<{ id: number }[]>`
    SELECT id FROM users WHERE lower(username) = lower(${username})`
  return rows[0] ? await findAccount(db, rows[0].id) : null
}

/** All accounts that can sign in, by name; guests, who can't, are not among them. */
export async function listAccounts(db: Database): Promise<Account[]> {
  const users = await db.user.findMany({
    where: { OR: [{ passwordHash: { not: null } }, { role: { not: 'customer' } }] },
    select: accountFields,
    orderBy: { username: 'asc' },
  })
  return users.map(toAccount)
}
