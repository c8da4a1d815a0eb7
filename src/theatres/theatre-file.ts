import { isText, ObjectReader, type Problems } from './object-reader.js'
import { isTimeZone } from './opening-hours.js'

/** A theatre as described in its owner's file, which `npm run theatre -- apply` puts into the database. */
export interface TheatreFile {
  name: string
  /** IANA name */
  timeZone: string
  /** minutes allowed for an order */
  maxTime: number
  /** minutes left at which the order starts to blink */
  minTime: number
  halls: HallEntry[]
  menu: MenuEntry[]
}

export interface HallEntry {
  name: string
  seats: SeatEntry[]
}

export interface SeatEntry {
  name: string
  /** null: keeps its token; a new seat gets a random one */
  token: string | null
}

export interface MenuEntry {
  name: string
  description: string
  /** paise */
  price: number
  vegetarian: boolean
  /** null: stays as the staff set it */
  available: boolean | null
}

export type ParsedTheatre = { ok: true; theatre: TheatreFile } | { ok: false; problems: string[] }

const MAX_MINUTES = 1440
const MAX_PRICE = 10_000_000
const TOKEN = /^[A-Za-z0-9_-]{4,128}$/

/** Reads a theatre's file. Never throws: returns all problems, one line each. */
export function parseTheatreFile(text: string): ParsedTheatre {
  let value: unknown
  try {
    // some Windows editors write a byte order mark
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    return {
      ok: false,
      problems: [`the file is not valid JSON: ${error instanceof Error ? error.message : 'unreadable'}`],
    }
  }
  const problems: Problems = []
  const theatre = readTheatre(value, problems)
  return theatre && problems.length === 0 ? { ok: true, theatre } : { ok: false, problems }
}

function readTheatre(value: unknown, problems: Problems): TheatreFile | null {
  const file = ObjectReader.open(
    value,
    '',
    ['name', 'timeZone', 'max_time', 'min_time', 'halls', 'menu'],
    problems,
  )
  if (!file) return null
  const maxTime = file.integer('max_time', 1, MAX_MINUTES)
  const theatre = {
    name: file.text('name', 100),
    timeZone: readTimeZone(file),
    maxTime,
    minTime: file.integer('min_time', 0, maxTime || MAX_MINUTES),
    halls: file.list('halls', 100, (entry, path) => readHall(entry, path, problems)),
    menu: file.list('menu', 1000, (entry, path) => readMenuItem(entry, path, problems)),
  }
  file.unique('halls', theatre.halls, (hall) => hall.name, 'name')
  file.unique('menu', theatre.menu, (item) => item.name, 'name')
  refuseRepeatedTokens(theatre.halls, problems)
  return theatre
}

function readTimeZone(file: ObjectReader): string {
  const timeZone = file.text('timeZone', 100)
  if (timeZone === '' || isTimeZone(timeZone)) return timeZone
  file.problem('timeZone', 'must be an IANA time zone, such as "Asia/Kolkata"')
  return ''
}

function readHall(value: unknown, path: string, problems: Problems): HallEntry | null {
  const hall = ObjectReader.open(value, path, ['name', 'seats'], problems)
  if (!hall) return null
  const seats = hall.list('seats', 5000, (entry, seatPath) => readSeat(entry, seatPath, problems))
  hall.unique('seats', seats, (seat) => seat.name, 'name')
  return { name: hall.text('name', 100), seats }
}

/** A seat is either its name or `{name, token}`. */
function readSeat(value: unknown, path: string, problems: Problems): SeatEntry | null {
  if (isText(value)) return readSeat({ name: value }, path, problems)
  const seat = ObjectReader.open(value, path, ['name', 'token'], problems, 'a name, or an object')
  if (!seat) return null
  const name = seat.text('name', 20)
  if (!seat.has('token')) return { name, token: null }
  const token = seat.text('token', 128)
  if (token !== '' && !TOKEN.test(token)) seat.problem('token', 'must be 4 to 128 letters, digits, - or _')
  return { name, token }
}

function readMenuItem(value: unknown, path: string, problems: Problems): MenuEntry | null {
  const keys = ['name', 'description', 'price', 'vegetarian', 'available']
  const item = ObjectReader.open(value, path, keys, problems)
  if (!item) return null
  return {
    name: item.text('name', 100),
    description: item.has('description') ? item.text('description', 500, { empty: true }) : '',
    price: item.integer('price', 1, MAX_PRICE, 'paise'),
    vegetarian: item.flag('vegetarian') ?? false,
    available: item.flag('available'),
  }
}

function refuseRepeatedTokens(halls: readonly HallEntry[], problems: Problems): void {
  const seen = new Map<string, string>()
  for (const hall of halls) {
    for (const { name, token } of hall.seats) {
      if (token === null || token === '') continue
      const seat = `seat ${name} of ${hall.name}`
      const other = seen.get(token)
      if (other) problems.push(`${seat} has the same token as ${other}: each seat needs its own`)
      seen.set(token, seat)
    }
  }
}
