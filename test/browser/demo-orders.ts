import type { Database } from '../../src/database/client.js'
import type { Customer } from '../helpers/customers.js'
import { orderFrom, sendMessage, type Wish } from '../helpers/customers.js'
import { signIn } from '../helpers/sign-in.js'

// Orders of a busy evening at the demo's Grand Cinema, for screenshots and for trying out the pages.

interface Planned {
  seat: string
  wish: Wish
  how?: 'cash' | 'unpaid' | 'failed'
  note?: string
  /** minutes since it was paid (or placed), and since it was seen */
  ago: number
  seen?: number
  last?: 'deliver' | 'cancel' | 'collect-cash'
}

const LIVE: Planned[] = [
  { seat: 'demo-d8', wish: { 'Chicken Burger': 1, 'Cold Coffee': 2 }, ago: 31.4, seen: 25 },
  { seat: 'b-b4', wish: { 'Salted Popcorn': 2, 'Fresh Lime Soda': 1 }, how: 'cash', ago: 22.2 },
  {
    seat: 'demo-c7',
    wish: { 'Paneer Tikka Roll': 2, 'Masala Chai': 2 },
    note: 'No nuts: allergic',
    ago: 13.5,
    seen: 9,
  },
  {
    seat: 'demo-a3',
    wish: { 'Cheese Nachos': 1, 'Caramel Popcorn': 1 },
    how: 'cash',
    ago: 9.1,
    seen: 6,
    last: 'collect-cash',
  },
  { seat: 'demo-e10', wish: { 'Salted Popcorn': 3, 'Cold Coffee': 1 }, ago: 5.8 },
  {
    seat: 'b-f2',
    wish: { 'Samosa Chaat': 2, 'Masala Chai': 3, 'Chicken Tikka Roll': 1 },
    how: 'cash',
    ago: 3.3,
  },
  { seat: 'demo-b9', wish: { 'Salted Popcorn': 1, 'Fresh Lime Soda': 2 }, ago: 1.6 },
  { seat: 'b-c3', wish: { 'Caramel Popcorn': 1, 'Cold Coffee': 2 }, ago: 0.3 },
]
const WAITING: Planned[] = [
  { seat: 'demo-e2', wish: { 'Caramel Popcorn': 2 }, how: 'unpaid', ago: 1.5 },
  { seat: 'b-a6', wish: { 'Cheese Nachos': 1, 'Cold Coffee': 2 }, how: 'failed', ago: 2.5 },
]
const ENDED: Planned[] = [
  { seat: 'demo-b2', wish: { 'Salted Popcorn': 2 }, ago: 55, seen: 50, last: 'deliver' },
  { seat: 'b-d5', wish: { 'Chicken Burger': 2, 'Cold Coffee': 2 }, ago: 48, seen: 44, last: 'deliver' },
  { seat: 'demo-c4', wish: { 'Masala Chai': 1 }, how: 'cash', ago: 40, last: 'cancel' },
  { seat: 'demo-e7', wish: { 'Salted Popcorn': 1 }, ago: 38, last: 'cancel' },
  {
    seat: 'demo-a9',
    wish: { 'Samosa Chaat': 1, 'Fresh Lime Soda': 1 },
    ago: 36,
    seen: 30,
    last: 'deliver',
  },
]

/** A second hall of theatre 1: rows A to F of eight seats, tokens `b-a1` to `b-f8`. */
export async function addSecondHall(db: Database): Promise<void> {
  const seats = [...'ABCDEF'].flatMap((row) =>
    Array.from({ length: 8 }, (_, at) => {
      const name = `${row}${at + 1}`
      return { name, token: `b-${name.toLowerCase()}` }
    }),
  )
  const hall = await db.hall.create({ data: { theatreId: 1, name: 'Screen 2' } })
  await db.seat.createMany({ data: seats.map((seat) => ({ ...seat, hallId: hall.id })) })
}

/** Places all orders; resolves to the customers by seat token. */
export async function placeDemoOrders(url: string, db: Database): Promise<Map<string, Customer>> {
  await addSecondHall(db)
  const staff = await signIn(url, 'staff')
  const guests = new Map<string, Customer>()
  for (const planned of [...ENDED, ...LIVE, ...WAITING]) {
    const guest = await orderFrom(url, planned.seat, planned.wish, planned.how, planned.note)
    if (planned.seen !== undefined) await staff.post(`/api/orders/${guest.orderId}/seen`)
    if (planned.last) await staff.post(`/api/orders/${guest.orderId}/${planned.last}`)
    await makeOlder(db, guest.orderId, planned)
    guests.set(planned.seat, guest)
  }
  await chatter(guests, db, (seat, text) => answer(guests, seat, text))

  async function answer(all: Map<string, Customer>, seat: string, text: string): Promise<void> {
    const guest = all.get(seat)
    if (guest) await sendMessage(staff, guest.orderId, text)
  }
  return guests
}

/** Moves an order's times back, the only step here that is not a call of the service. */
async function makeOlder(db: Database, id: number, { ago, seen }: Planned): Promise<void> {
  await db.$executeRaw`
    UPDATE orders SET created_at = now() - make_interval(secs => ${ago * 60 + 25}::float8),
      confirmed_at = confirmed_at - make_interval(secs => ${ago * 60}::float8),
      seen_at = seen_at - make_interval(secs => ${(seen ?? 0) * 60}::float8),
      delivered_at = delivered_at - make_interval(secs => ${((seen ?? ago) - 6) * 60}::float8),
      cancelled_at = cancelled_at - make_interval(secs => ${(ago - 3) * 60}::float8)
    WHERE id = ${id}::int`
}

async function chatter(
  guests: Map<string, Customer>,
  db: Database,
  answer: (seat: string, text: string) => Promise<void>,
): Promise<void> {
  const ask = async (seat: string, text: string): Promise<void> => {
    const guest = guests.get(seat)
    if (guest) await sendMessage(guest.client, guest.orderId, text)
  }
  await ask('demo-c7', 'Hi, could you make one of the rolls without onion?')
  await answer('demo-c7', 'Of course. One without onion, one as it is.')
  await ask('demo-c7', 'Perfect, thank you!')
  await answer('demo-c7', 'It is on its way to the tandoor. About five minutes.')
  await ask('demo-a9', 'We still need two straws, please.')
  await answer('demo-a9', 'Coming right away.')
  await ask('b-f2', 'Is the chai sweetened?')
  await ask('b-f2', 'If it is, please bring one without sugar.')
  await ask('demo-c7', 'Great. And some extra mint chutney, if you have it?')
  await ask('demo-d8', 'Any news about our burger? The interval is nearly over…')
  // spread the messages over the last quarter of an hour
  await db.$executeRaw`
    UPDATE chat_messages SET at = at - make_interval(mins => (SELECT max(id) FROM chat_messages) - id + 1)`
}
