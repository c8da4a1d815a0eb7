import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { applyTheatre } from '../theatres/theatre-actions.js'
import { parseTheatreFile, type TheatreFile } from '../theatres/theatre-file.js'
import { type Command, InputError, type Surroundings, UsageError, withContext } from './command.js'

const USAGE = `Theatres of houselights.

  npm run theatre -- apply FILE [--url https://orders.example.com]
      makes the theatre what the file says: made, or changed; the same file again changes nothing.
      Prints the seats' links, which their QR codes open; --url is where your visitors reach the service.

The file is JSON:

  { "name": "Grand Cinema", "timeZone": "Asia/Kolkata",
    "max_time": 30, "min_time": 10,              minutes allowed for an order; left when it begins to blink
    "halls": [ { "name": "Screen 1",
                 "seats": [ "A1", "A2", { "name": "A3", "token": "a-secret-of-yours" } ] } ],
    "menu":  [ { "name": "Masala Chai", "description": "Served hot", "price": 8000,     in paise
                 "vegetarian": true, "available": true } ] }

A seat keeps its token unless the file gives another. Menu items that the file does not name are taken off the menu;
seats and halls that it does not name stay. Without "available" an item stays as the staff left it.`

async function apply(path: string, givenUrl: string | undefined, around: Surroundings): Promise<void> {
  const base = givenUrl === undefined ? null : readBaseUrl(givenUrl)
  const file = await readTheatreFile(path, around)
  await withContext(around, async (ctx) => {
    const { config } = ctx
    const { id, changes, seats } = await applyTheatre(ctx, file)
    around.print(
      `Theatre ${id} "${file.name}": ${changes === 0 ? 'nothing to change' : `${changes} changes`}.`,
    )
    const origin = base ?? `http://${config.host === '127.0.0.1' ? 'localhost' : config.host}:${config.port}`
    for (const { hall, seat, token } of seats) around.print(`${hall}  ${seat}  ${origin}/s/${token}`)
  })
}

async function readTheatreFile(path: string, { env }: Surroundings): Promise<TheatreFile> {
  let text: string
  try {
    // npm runs its scripts in the project's folder, and says where it was called
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
    throw new UsageError('--url is like https://orders.example.com.')
  return url.origin
}

/** `npm run theatre` */
export const theatreCommand: Command = {
  usage: USAGE,
  async run(argv, around) {
    const { values, positionals } = parseArgs({
      args: argv,
      options: { url: { type: 'string' } },
      allowPositionals: true,
    })
    const [verb = '', path, ...rest] = positionals
    if (verb !== 'apply') throw new UsageError(`There is no "theatre ${verb}".`)
    if (path === undefined || rest.length > 0) throw new UsageError('Which file? Give one.')
    await apply(path, values.url, around)
  },
}
