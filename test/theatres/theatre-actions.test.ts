import t from 'tap'
import { applyTheatre, type SeatLink } from '../../src/theatres/theatre-actions.js'
import type { MenuEntry, TheatreFile } from '../../src/theatres/theatre-file.js'
import { testDatabase } from '../helpers/database.js'

const { db } = await testDatabase(t)
const ctx = { db, live: { publish() {} } }
let files = 0

const chai: MenuEntry = {
  name: 'Masala Chai',
  description: '',
  category: '',
  price: 8000,
  diet: 'vegetarian',
  options: [],
  available: null,
}
const roll: MenuEntry = {
  ...chai,
  name: 'Chicken Roll',
  description: 'Hot',
  price: 29_000,
  diet: 'non_vegetarian',
}

function newFile(): TheatreFile {
  files += 1
  return {
    name: `Theatre ${files}`,
    timeZone: 'Asia/Kolkata',
    maxTime: 30,
    minTime: 10,
    halls: [{ name: 'Screen 1', seats: ['A1', 'A2'].map((name) => ({ name, token: null })) }],
    menu: [chai, roll],
  }
}

const tokenOf = (seats: SeatLink[], hall: string, seat: string) =>
  seats.find((link) => link.hall === hall && link.seat === seat)?.token

const menuOf = (theatreId: number) =>
  db.menuItem.findMany({
    where: { theatreId },
    orderBy: [{ position: 'asc' }, { id: 'asc' }],
    omit: { id: true, theatreId: true },
  })

t.test('creates a theatre; the same file again changes nothing', async (t) => {
  const file = newFile()
  const first = await applyTheatre(ctx, file)
  t.equal(first.changes, 6)
  for (const { token } of first.seats) t.ok(Buffer.from(token, 'base64url').length >= 12, 'at least 96 bits')
  t.equal(new Set(first.seats.map(({ token }) => token)).size, 2)
  t.same(await applyTheatre(ctx, file), { ...first, changes: 0 })
  t.match(await db.theatre.findUnique({ where: { id: first.id } }), {
    name: file.name,
    maxTime: 30,
    minTime: 10,
  })
})

t.test('updates what differs, and seats keep their tokens', async (t) => {
  const file = newFile()
  const { id, seats } = await applyTheatre(ctx, file)
  const [hall] = file.halls
  if (!hall) throw new Error('no hall')
  const bigger = { ...hall, seats: [...hall.seats, { name: 'A3', token: `given-${id}` }] }
  const second = await applyTheatre(ctx, {
    ...file,
    maxTime: 45,
    halls: [bigger, { name: 'Screen 2', seats: [] }],
  })
  t.equal(second.changes, 3)
  t.same(second.seats.slice(0, 2), seats)
  t.equal(tokenOf(second.seats, 'Screen 1', 'A3'), `given-${id}`)
  t.equal((await db.theatre.findUniqueOrThrow({ where: { id } })).maxTime, 45)
})

t.test('seats that are not in the file stay', async (t) => {
  const file = newFile()
  const { seats } = await applyTheatre(ctx, file)
  t.same(
    await applyTheatre(ctx, { ...file, halls: [] }).then((applied) => [applied.changes, applied.seats]),
    [0, seats],
  )
})

t.test('menu items are taken off the menu and put back as they were', async (t) => {
  const file = newFile()
  const { id } = await applyTheatre(ctx, file)
  await applyTheatre(ctx, { ...file, menu: [roll] })
  t.match(await menuOf(id), [
    { name: 'Masala Chai', listed: false },
    { name: 'Chicken Roll', listed: true, position: 0 },
  ])
  t.equal((await applyTheatre(ctx, { ...file, menu: [roll] })).changes, 0)
  t.equal((await applyTheatre(ctx, file)).changes, 2)
  t.match(await menuOf(id), [
    { name: 'Masala Chai', listed: true },
    { name: 'Chicken Roll', listed: true },
  ])
})

t.test('items that the staff marked as sold out stay so, unless the file says otherwise', async (t) => {
  const file = newFile()
  const { id } = await applyTheatre(ctx, file)
  await db.menuItem.updateMany({ where: { theatreId: id, name: chai.name }, data: { available: false } })
  t.equal((await applyTheatre(ctx, file)).changes, 0)
  t.match(await menuOf(id), [{ available: false }, { available: true }])
  t.equal((await applyTheatre(ctx, { ...file, menu: [{ ...chai, available: true }, roll] })).changes, 1)
  t.match(await menuOf(id), [{ available: true }, { available: true }])
})

t.test('two seats can swap tokens, also between halls', async (t) => {
  const file = newFile()
  const seatIn = (token: string) => [{ name: 'A1', token }]
  const halls = (one: string, two: string) => [
    { name: 'One', seats: seatIn(one) },
    { name: 'Two', seats: seatIn(two) },
  ]
  await applyTheatre(ctx, { ...file, halls: halls('swap-first', 'swap-second') })
  const { seats } = await applyTheatre(ctx, { ...file, halls: halls('swap-second', 'swap-first') })
  t.equal(tokenOf(seats, 'One', 'A1'), 'swap-second')
  t.equal(tokenOf(seats, 'Two', 'A1'), 'swap-first')
})

t.test('another seat’s token is refused, and nothing is stored', async (t) => {
  const owner = newFile()
  await applyTheatre(ctx, {
    ...owner,
    halls: [{ name: 'Hers', seats: [{ name: 'B7', token: 'taken-token' }] }],
  })
  const file = newFile()
  const thief = { ...file, halls: [{ name: 'Mine', seats: [{ name: 'A1', token: 'taken-token' }] }] }
  await t.rejects(applyTheatre(ctx, thief), {
    status: 409,
    code: 'token_taken',
    message: /seat B7 of Hers/,
  })
  t.equal(await db.theatre.findUnique({ where: { name: file.name } }), null)
})

t.test('concurrent calls with one file create one theatre', async (t) => {
  const file = newFile()
  const [one, two] = await Promise.all([applyTheatre(ctx, file), applyTheatre(ctx, file)])
  t.equal(one.id, two.id)
  t.same([one.changes, two.changes].sort(), [0, 6])
})

t.test('a new theatre changes the rights of admins, so that their sockets reconnect', async (t) => {
  const admin = await db.user.create({ data: { username: 'root', role: 'admin' } })
  const changes = () => db.accessChange.count({ where: { userId: admin.id } })
  const file = newFile()
  await applyTheatre(ctx, file)
  t.equal(await changes(), 1)
  await applyTheatre(ctx, { ...file, maxTime: 40 })
  t.equal(await changes(), 1, 'an update does not change rights')
})
