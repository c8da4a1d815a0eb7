import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { applyTheatre, findLeaving, previewTheatre } from '../theatres/theatre-actions.js'
import { exportTheatre } from '../theatres/theatre-export.js'
import { parseTheatreFile, type TheatreFile } from '../theatres/theatre-file.js'
import { type Command, type CommandIo, InputError, UsageError, withContext } from './command.js'

const USAGE = `Manages the theatres of houselights.

  npm run theatre -- apply FILE [--url https://orders.example.com] [--dry-run] [--yes]
      Creates or updates the theatre described in FILE. Applying the same file again changes nothing.
      Asks before it removes an item from the menu; --yes skips the question. With --dry-run it only says what would change.
      Prints the links for the seats' QR codes; --url is the address at which visitors reach the service, and
      PUBLIC_URL its default.
  npm run theatre -- export ID [FILE]
      Writes the theatre as such a file, or prints it. It holds the secret tokens of the seats.

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
seats and halls that are not in it stay. Without "available", an item stays as the staff set it. Pictures are not in
the file: an item keeps its own, until it leaves the menu.`

interface ApplyOptions {
  url?: string | undefined
  'dry-run': boolean
  yes: boolean
}

async function apply(path: string, options: ApplyOptions, io: CommandIo): Promise<void> {
  const base = options.url === undefined ? null : readBaseUrl(options.url)
  const file = await readTheatreFile(path, io)
  await withContext(io, async (ctx) => {
    const { config } = ctx
    const leaving = await findLeaving(ctx.db, file)
    for (const name of leaving) io.print(`Leaves the menu: ${name}`)
    if (options['dry-run']) {
      const { changes } = await previewTheatre(ctx.db, file)
      return io.print(`"${file.name}": ${summarize(changes)} would be made; nothing was changed.`)
    }
    if (leaving.length > 0 && !options.yes) await confirmRemoval(leaving.length, io)
    const { id, changes, seats } = await applyTheatre(ctx, file)
    io.print(`Theatre ${id} "${file.name}": ${summarize(changes)}.`)
    const local = `http://${config.host === '127.0.0.1' ? 'localhost' : config.host}:${config.port}`
    const origin = base ?? config.publicUrl
    for (const { hall, seat, token } of seats) io.print(`${hall}  ${seat}  ${origin ?? local}/s/${token}`)
    if (origin === null)
      io.print('Phones can’t open these links: set PUBLIC_URL, or give --url, before you print them.')
  })
}

async function confirmRemoval(count: number, io: CommandIo): Promise<void> {
  const what = count === 1 ? 'this item' : `these ${count} items`
  const answer = await io.confirm(`Take ${what} off the menu?`)
  if (answer) return
  const how = answer === null ? ' Give --yes to take them off the menu.' : ''
  throw new InputError(`Nothing was changed.${how}`)
}

async function exportTo(id: string, path: string | undefined, io: CommandIo): Promise<void> {
  if (!/^\d{1,9}$/.test(id)) throw new UsageError('ID must be the number of a theatre.')
  await withContext(io, async ({ db }) => {
    const text = JSON.stringify(await exportTheatre(db, Number(id)), null, 2)
    if (path === undefined) return io.print(text)
    // its owner alone may read it: it holds the seats' tokens
    await writeFile(pathOf(path, io), `${text}\n`, { mode: 0o600 })
    io.print(`Written to ${path}.`)
  })
}

// npm runs scripts in the project's folder; INIT_CWD is where the user called it
const pathOf = (path: string, { env }: CommandIo): string => resolve(env.INIT_CWD ?? '.', path)

function summarize(changes: number): string {
  if (changes === 0) return 'no changes'
  return changes === 1 ? '1 change' : `${changes} changes`
}

async function readTheatreFile(path: string, io: CommandIo): Promise<TheatreFile> {
  let text: string
  try {
    text = await readFile(pathOf(path, io), 'utf8')
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
      options: {
        url: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    })
    const [verb = '', target, ...rest] = positionals
    if (verb !== 'apply' && verb !== 'export') throw new UsageError(`Unknown command: theatre ${verb}.`)
    const isExport = verb === 'export'
    if (target === undefined) throw new UsageError(`Missing argument: ${isExport ? 'ID' : 'FILE'}.`)
    const [path, ...more] = isExport ? rest : [undefined, ...rest]
    if (more.length > 0) throw new UsageError(`Unexpected argument: ${more.join(' ')}.`)
    if (isExport) await exportTo(target, path, io)
    else await apply(target, values, io)
  },
}
