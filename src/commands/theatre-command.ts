import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { applyTheatre } from '../theatres/theatre-actions.js'
import { parseTheatreFile, type TheatreFile } from '../theatres/theatre-file.js'
import { type Command, type CommandIo, InputError, UsageError, withContext } from './command.js'

const USAGE = `Manages the theatres of houselights.

  npm run theatre -- apply FILE [--url https://orders.example.com]
      Creates or updates the theatre described in FILE. Applying the same file again changes nothing.
      Prints the links for the seats' QR codes; --url is the address at which visitors reach the service, and
      PUBLIC_URL its default.

FILE is JSON:

  { "name": "Grand Cinema", "timeZone": "Asia/Kolkata",
    "max_time": 30,                              minutes allowed for an order
    "min_time": 10,                              minutes left at which an order starts to blink
    "halls": [ { "name": "Screen 1",
                 "seats": [ "A1", "A2", { "name": "A3", "token": "a-secret-of-yours" } ] } ],
    "menu":  [ { "name": "Masala Chai", "description": "Served hot", "category": "Drinks",
                 "price": 8000,                                                         paise
                 "diet": "vegetarian",                   or "non_vegetarian", "egg"; without it no mark is shown
                 "options": [ { "name": "Size", "min": 1, "max": 1,        how many of the choices are chosen
                                "choices": [ "Small", { "name": "Large", "price": 3000 } ] } ],
                 "available": true } ] }

A seat keeps its token unless the file gives a new one. Menu items that are not in the file are taken off the menu;
seats and halls that are not in it stay. Without "available", an item stays as the staff set it.`

async function apply(path: string, givenUrl: string | undefined, io: CommandIo): Promise<void> {
  const base = givenUrl === undefined ? null : readBaseUrl(givenUrl)
  const file = await readTheatreFile(path, io)
  await withContext(io, async (ctx) => {
    const { config } = ctx
    const { id, changes, seats } = await applyTheatre(ctx, file)
    io.print(`Theatre ${id} "${file.name}": ${summarize(changes)}.`)
    const local = `http://${config.host === '127.0.0.1' ? 'localhost' : config.host}:${config.port}`
    const origin = base ?? config.publicUrl
    for (const { hall, seat, token } of seats) io.print(`${hall}  ${seat}  ${origin ?? local}/s/${token}`)
    if (origin === null)
      io.print('Phones can’t open these links: set PUBLIC_URL, or give --url, before you print them.')
  })
}

function summarize(changes: number): string {
  if (changes === 0) return 'no changes'
  return changes === 1 ? '1 change' : `${changes} changes`
}

async function readTheatreFile(path: string, { env }: CommandIo): Promise<TheatreFile> {
  let text: string
  try {
    // npm runs scripts in the project's folder; INIT_CWD is where the user called it
    text = await readFile(resolve(env.INIT_CWD ?? '.', path), 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new InputError(`${path} can’t be read (${code}).`)
  }
  const parsed = parseTheatreFile(text)
  if (parsed.ok) return parsed.theatre
  throw new InputError(parsed.problems.map((problem) => `${path}: ${problem}`).join('\n'))
}

function readBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol))
    throw new UsageError('--url must be a URL such as https://orders.example.com.')
  return url.origin
}

/** `npm run theatre` */
export const theatreCommand: Command = {
  usage: USAGE,
  async run(argv, io) {
    const { values, positionals } = parseArgs({
      args: argv,
      options: { url: { type: 'string' } },
      allowPositionals: true,
    })
    const [verb = '', path, ...rest] = positionals
    if (verb !== 'apply') throw new UsageError(`Unknown command: theatre ${verb}.`)
    if (path === undefined) throw new UsageError('Missing argument: FILE.')
    if (rest.length > 0) throw new UsageError(`Unexpected argument: ${rest.join(' ')}.`)
    await apply(path, values.url, io)
  },
}
