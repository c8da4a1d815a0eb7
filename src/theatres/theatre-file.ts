import {
  MAX_CHOICES,
  MAX_DESCRIPTION,
  MAX_ITEMS,
  MAX_NAME,
  MAX_OPTIONS,
  MAX_PRICE,
} from '../protocol/menu-limits.js'
import type { Diet, MenuOptionView } from '../protocol/views.js'
import { MAX_HALLS, MAX_SEAT_NAME, MAX_SEATS } from './hall-limits.js'
import { optionsProblem } from './menu-options.js'
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
  category: string
  /** null: not known */
  diet: Diet | null
  options: MenuOptionView[]
  /** null: stays as the staff set it */
  available: boolean | null
}

export type ParsedTheatre = { ok: true; theatre: TheatreFile } | { ok: false; problems: string[] }

const MAX_MINUTES = 1440
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
    halls: file.list('halls', MAX_HALLS, (entry, path) => readHall(entry, path, problems)),
    menu: file.list('menu', MAX_ITEMS, (entry, path) => readMenuItem(entry, path, problems)),
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
  const seats = hall.list('seats', MAX_SEATS, (entry, seatPath) => readSeat(entry, seatPath, problems))
  hall.unique('seats', seats, (seat) => seat.name, 'name')
  return { name: hall.text('name', 100), seats }
}

/** A seat is either its name or `{name, token}`. */
function readSeat(value: unknown, path: string, problems: Problems): SeatEntry | null {
  if (isText(value)) return readSeat({ name: value }, path, problems)
  const seat = ObjectReader.open(value, path, ['name', 'token'], problems, 'a name, or an object')
  if (!seat) return null
  const name = seat.text('name', MAX_SEAT_NAME)
  if (!seat.has('token')) return { name, token: null }
  const token = seat.text('token', 128)
  if (token !== '' && !TOKEN.test(token)) seat.problem('token', 'must be 4 to 128 letters, digits, - or _')
  return { name, token }
}

function readMenuItem(value: unknown, path: string, problems: Problems): MenuEntry | null {
  const keys = ['name', 'description', 'category', 'price', 'diet', 'vegetarian', 'options', 'available']
  const item = ObjectReader.open(value, path, keys, problems)
  if (!item) return null
  return {
    name: item.text('name', MAX_NAME),
    description: item.has('description') ? item.text('description', MAX_DESCRIPTION, { empty: true }) : '',
    category: item.has('category') ? item.text('category', MAX_NAME, { empty: true }) : '',
    price: item.integer('price', 1, MAX_PRICE, 'paise'),
    diet: readDiet(item),
    options: item.has('options') ? readOptions(item, problems) : [],
    available: item.flag('available'),
  }
}

const DIETS: readonly string[] = ['vegetarian', 'non_vegetarian', 'egg'] satisfies Diet[]

const isDiet = (text: string): text is Diet => DIETS.includes(text)

/** `vegetarian` is the older, shorter way to say it. */
function readDiet(item: ObjectReader): Diet | null {
  const vegetarian = item.flag('vegetarian')
  if (!item.has('diet')) return vegetarian === null ? null : vegetarian ? 'vegetarian' : 'non_vegetarian'
  if (vegetarian !== null) item.problem('vegetarian', 'is given beside diet: give one of them')
  const diet = item.text('diet', 20)
  if (isDiet(diet)) return diet
  if (diet !== '') item.problem('diet', `must be one of ${DIETS.join(', ')}`)
  return null
}

function readOptions(item: ObjectReader, problems: Problems): MenuOptionView[] {
  const before = problems.length
  const options = item.list('options', MAX_OPTIONS, (entry, path) => readOption(entry, path, problems))
  const problem = problems.length === before ? optionsProblem(options) : null
  if (problem) item.problem('options', problem)
  return options
}

/** Without `min` and `max` exactly one is chosen. */
function readOption(value: unknown, path: string, problems: Problems): MenuOptionView | null {
  const option = ObjectReader.open(value, path, ['name', 'min', 'max', 'choices'], problems)
  if (!option) return null
  const min = option.has('min') ? option.integer('min', 0, MAX_CHOICES) : 1
  const max = option.has('max') ? option.integer('max', 1, MAX_CHOICES) : Math.max(1, min)
  return {
    name: option.text('name', MAX_NAME),
    min,
    max,
    choices: option.list('choices', MAX_CHOICES, (entry, at) => readChoice(entry, at, problems)),
  }
}

/** A choice is either its name, which costs nothing more, or `{name, price}`. */
function readChoice(value: unknown, path: string, problems: Problems) {
  if (isText(value)) return readChoice({ name: value }, path, problems)
  const choice = ObjectReader.open(value, path, ['name', 'price'], problems, 'a name, or an object')
  if (!choice) return null
  const price = choice.has('price') ? choice.integer('price', 0, MAX_PRICE, 'paise') : 0
  return { name: choice.text('name', MAX_NAME), price }
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
