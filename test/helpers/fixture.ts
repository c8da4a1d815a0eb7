import { type OpenedSession, openGuest } from '../../src/accounts/account-actions.js'
import type { Database } from '../../src/database/client.js'
import type { ActionContext, Publisher } from '../../src/events/commit.js'
import type { StoredEvent } from '../../src/events/event-log.js'
import { noThrottle } from '../../src/limits/login-throttle.js'
import type { OrderRecord } from '../../src/orders/order-record.js'
import { type NewOrder, placeOrder } from '../../src/orders/place-order.js'
import type { Principal } from '../../src/principal.js'
import type { PaymentMethod } from '../../src/protocol/views.js'
import { testDatabase } from './database.js'
import type { Teardown } from './teardown.js'

/** For tests of the domain: a database of its own with the demo theatres, and principals to act with. */
export interface Fixture {
  db: Database
  ctx: ActionContext
  /** what was published, in commit order */
  events: StoredEvent[]
  staff: Principal
  otherStaff: Principal
  admin: Principal
  /** a new guest, with a session */
  guest(): Promise<Guest>
  /** the ids of a theatre's menu, in its order */
  menu(theatreId?: number): Promise<number[]>
  /** one item for a new guest unless given */
  order(given?: Partial<NewOrder> & { seat?: string; guest?: Guest }): Promise<OrderRecord>
}

export interface Guest {
  principal: Principal
  orderer: { userId: number; sessionId: string }
}

export async function createFixture(t: Teardown): Promise<Fixture> {
  const { db } = await testDatabase(t, { demo: true })
  const events: StoredEvent[] = []
  const live: Publisher = { publish: (committed) => void events.push(...committed.events) }
  const ctx: ActionContext = { db, live }
  const accounts = {
    db,
    live,
    sessions: { idleSeconds: 3600, absoluteSeconds: 43_200 },
    throttle: noThrottle,
  }
  const client = { userAgent: 'test', ip: '127.0.0.1' }

  const fixture: Fixture = {
    db,
    ctx,
    events,
    staff: await principalOf(db, 'staff'),
    otherStaff: await principalOf(db, 'staff2'),
    admin: await principalOf(db, 'admin'),
    guest: async () => toGuest(await openGuest(accounts, client)),
    async menu(theatreId = 1) {
      const items = await db.menuItem.findMany({
        where: { theatreId, listed: true },
        orderBy: [{ position: 'asc' }, { id: 'asc' }],
      })
      return items.map(({ id }) => id)
    },
    async order({ seat = 'demo-a1', guest, ...given } = {}) {
      const { orderer } = guest ?? (await fixture.guest())
      const [menuItemId = 0] = await fixture.menu()
      const wanted = { ...ONE_ONLINE, items: [{ menuItemId, quantity: 1 }], ...given }
      // as many as a test needs
      return (await placeOrder(ctx, orderer, seat, wanted, null)).order
    },
  }
  return fixture
}

const ONE_ONLINE = { paymentMethod: 'online' as PaymentMethod, phone: null, idempotencyKey: null }

function toGuest({ caller: { principal, session } }: OpenedSession): Guest {
  return { principal, orderer: { userId: principal.userId, sessionId: session.id } }
}

async function principalOf(db: Database, username: string): Promise<Principal> {
  const user = await db.user.findUniqueOrThrow({
    where: { username },
    include: { theatres: { include: { theatre: { select: { id: true, name: true } } } } },
  })
  const theatres = user.theatres.map(({ theatre, manager }) => ({ ...theatre, manager }))
  return { userId: user.id, username, role: user.role, theatres }
}

/** The code of the refusal that a promise ends in; what succeeds is no refusal. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
    throw error
  }
  return 'done'
}
