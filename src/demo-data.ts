import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hashPassword } from './accounts/passwords.js'
import { createDatabase, type Database, type Transaction } from './database/client.js'
import type { Role } from './principal.js'
import { storePicture } from './theatres/picture-actions.js'
import { writeTheatre } from './theatres/theatre-actions.js'
import type { MenuEntry, TheatreFile } from './theatres/theatre-file.js'

const PASSWORD = 'houselights-demo'

interface DemoAccount {
  username: string
  role: Role
  /** name of the theatre whose staff it is */
  theatre: string | null
  manager?: boolean
}

const ACCOUNTS: DemoAccount[] = [
  { username: 'staff', role: 'staff', theatre: 'Grand Cinema' },
  { username: 'staff2', role: 'staff', theatre: 'Riverside' },
  { username: 'admin', role: 'admin', theatre: null },
  { username: 'manager', role: 'staff', theatre: 'Grand Cinema', manager: true },
]

const rupees = (amount: number) => amount * 100

/** The items of one heading of the menu. */
function category(name: string, entries: Omit<MenuEntry, 'category'>[]): MenuEntry[] {
  return entries.map((entry) => ({ ...entry, category: name }))
}

function item(
  name: string,
  price: number,
  diet: MenuEntry['diet'],
  description: string,
  options: MenuEntry['options'] = [],
): Omit<MenuEntry, 'category'> {
  return { name, price: rupees(price), diet, description, options, available: null }
}

type Choices = Record<string, number>

const priced = (choices: Choices) =>
  Object.entries(choices).map(([name, price]) => ({ name, price: rupees(price) }))

/** Exactly one of the choices, with what each adds to the price. */
const oneOf = (name: string, choices: Choices) => ({ name, min: 1, max: 1, choices: priced(choices) })

/** None, some or all of the choices. */
const anyOf = (name: string, choices: Choices) => {
  const list = priced(choices)
  return { name, min: 0, max: list.length, choices: list }
}

const VEG = 'vegetarian'
const NON_VEG = 'non_vegetarian'

const GRAND_MENU: MenuEntry[] = [
  ...category('Popcorn and nachos', [
    item('Salted Popcorn', 180, VEG, 'A large tub, freshly popped, with butter'),
    item('Caramel Popcorn', 220, VEG, 'Slow-cooked caramel, a large tub', [
      anyOf('Extras', { 'Extra caramel': 30, 'Roasted nuts': 50 }),
    ]),
    item('Cheese Nachos', 240, VEG, 'Corn chips, warm cheese sauce, jalapeños'),
  ]),
  ...category('Hot food', [
    item('Paneer Tikka Roll', 260, VEG, 'Charred paneer, mint chutney, rumali roti'),
    item('Chicken Tikka Roll', 290, NON_VEG, 'Chicken from the tandoor, onions, lime'),
    item('Egg Roll', 190, 'egg', 'Two eggs, onions, green chillies, paratha'),
    item('Samosa Chaat', 150, VEG, 'Two samosas, yoghurt, tamarind, sev'),
    item('Chicken Burger', 310, NON_VEG, 'Crisp fillet, slaw, toasted bun', [
      anyOf('Extras', { Cheese: 40, 'Fried egg': 50, Fries: 90 }),
    ]),
  ]),
  ...category('Drinks', [
    item('Masala Chai', 80, VEG, 'Ginger and cardamom, served hot'),
    item('Cold Coffee', 170, VEG, 'With a scoop of vanilla ice cream'),
    item('Fresh Lime Soda', 110, VEG, 'Sweet, salted or both'),
    item('Milkshake', 190, VEG, 'Thick and cold, with ice cream', [
      oneOf('Flavour', { Chocolate: 0, Mango: 20, Strawberry: 0 }),
      oneOf('Size', { Regular: 0, Large: 60 }),
      anyOf('Extras', { 'Whipped cream': 30, 'Chocolate chips': 30 }),
    ]),
  ]),
]

const RIVERSIDE_MENU: MenuEntry[] = [
  ...category('Snacks', [
    item('Salted Popcorn', 160, VEG, 'A large tub, freshly popped'),
    item('Vada Pav', 90, VEG, 'Two, with dry garlic chutney'),
    item('Veg Momos', 170, VEG, 'Eight, with chilli sauce', [oneOf('Made', { Steamed: 0, Fried: 20 })]),
    item('Chicken Momos', 200, NON_VEG, 'Eight, with chilli sauce', [
      oneOf('Made', { Steamed: 0, Fried: 20 }),
    ]),
  ]),
  ...category('Drinks', [
    item('Filter Coffee', 90, VEG, 'Strong and frothy'),
    item('Mango Lassi', 140, VEG, 'Alphonso pulp and thick yoghurt', [
      oneOf('Size', { Regular: 0, Large: 40 }),
    ]),
  ]),
]

/** The seats of some rows, numbered from 1. A token is the prefix and the seat's name in lower case. */
function seatsOf(rows: string, perRow: number, prefix: string) {
  return [...rows].flatMap((row) =>
    Array.from({ length: perRow }, (_, index) => {
      const name = `${row}${index + 1}`
      return { name, token: `${prefix}-${name.toLowerCase()}` }
    }),
  )
}

/** in the order of their ids, from 1 */
const THEATRES: TheatreFile[] = [
  {
    name: 'Grand Cinema',
    timeZone: 'Asia/Kolkata',
    maxTime: 30,
    minTime: 10,
    halls: [{ name: 'Screen 1', seats: seatsOf('ABCDE', 10, 'demo') }],
    menu: GRAND_MENU,
  },
  {
    name: 'Riverside',
    timeZone: 'Asia/Kolkata',
    maxTime: 25,
    minTime: 8,
    halls: [{ name: 'Screen 2', seats: seatsOf('A', 5, 'demo2') }],
    menu: RIVERSIDE_MENU,
  },
]

/** What is printed on the demo's bills; the GSTIN is well-formed, and nobody's. */
const GRAND_BILLS = {
  gstin: '27AAAAA0000A1Z2',
  receiptHeader: '12 Marine Drive\nMumbai 400020',
}

/**
 * Loads the demo theatres and accounts. Their password is public, so callers must not do it in production. Existing
 * rows stay as they are, so it can run at every start; if nothing is missing it takes one query.
 */
export async function loadDemoData(databaseUrl: string): Promise<void> {
  const db = createDatabase({
    url: databaseUrl,
    poolSize: 1,
    poolTimeoutMs: 10_000,
    statementTimeoutMs: 30_000,
  })
  try {
    await writeDemoData(db)
  } finally {
    await db.$disconnect()
  }
}

/** The same through an open client. */
export async function writeDemoData(db: Database): Promise<void> {
  if (await isLoaded(db)) return
  const passwordHash = await hashPassword(PASSWORD)
  await db.$transaction(
    async (tx) => {
      // two services may start at once with the same new database
      await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtext('houselights demo data'))::text`
      for (const [index, theatre] of THEATRES.entries()) await addTheatre(tx, index + 1, theatre)
      for (const account of ACCOUNTS) await addAccount(tx, account, passwordHash)
    },
    { timeout: 30_000 },
  )
}

async function isLoaded(db: Database): Promise<boolean> {
  const names = THEATRES.map((theatre) => theatre.name)
  const accounts = ACCOUNTS.map((account) => account.username)
  const [found] = await db.$queryRaw<{ count: number }[]>`
    SELECT (SELECT count(*) FROM theatres WHERE name = ANY(${names}::text[]))::int
      + (SELECT count(*) FROM users WHERE lower(username) = ANY(${accounts}::text[]))::int AS count`
  return found?.count === names.length + accounts.length
}

async function addTheatre(tx: Transaction, id: number, theatre: TheatreFile): Promise<void> {
  const [existing] = await tx.$queryRaw<{ name: string }[]>`
    SELECT name FROM theatres WHERE id = ${id}::int OR name = ${theatre.name} LIMIT 1`
  // an owner's theatre is left alone
  if (existing) return
  await writeTheatre(tx, theatre, id)
  for (const { name } of theatre.menu) await addPicture(tx, id, name)
  if (theatre.name === 'Grand Cinema') await tx.theatre.update({ where: { id }, data: GRAND_BILLS })
  // the id did not come from the sequence, which must continue after it
  await tx.$queryRaw`SELECT setval(pg_get_serial_sequence('theatres', 'id'), (SELECT max(id) FROM theatres))`
}

/** pixels; scripts/demo-pictures.mjs draws them */
const PICTURE_SIZE = { width: 480, height: 360 }

async function addPicture(tx: Transaction, theatreId: number, name: string): Promise<void> {
  const file = `${name.toLowerCase().replaceAll(' ', '-')}.webp`
  const bytes = Uint8Array.from(await readFile(new URL(`./demo-pictures/${file}`, import.meta.url)))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  await storePicture(tx, { sha256, bytes, ...PICTURE_SIZE })
  await tx.menuItem.updateMany({ where: { theatreId, name }, data: { pictureHash: sha256 } })
}

async function addAccount(
  tx: Transaction,
  { username, role, theatre, manager = false }: DemoAccount,
  passwordHash: string,
): Promise<void> {
  const [created] = await tx.$queryRaw<{ id: number }[]>`
    INSERT INTO users (username, password_hash, role) VALUES (${username}, ${passwordHash}, ${role}::role)
    ON CONFLICT DO NOTHING RETURNING id`
  if (!created || theatre === null) return
  // by name: the demo theatre's id may belong to an owner's theatre, to which a public password must give no access
  const found = await tx.theatre.findUnique({ where: { name: theatre }, select: { id: true } })
  if (found) await tx.staffTheatre.create({ data: { userId: created.id, theatreId: found.id, manager } })
}
