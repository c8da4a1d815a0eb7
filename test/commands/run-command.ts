import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Command, execute, UsageError } from '../../src/commands/command.js'
import { TEST_SECRETS } from '../helpers/service.js'
import { nodeArguments } from '../helpers/source-program.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Finished {
  code: number
  out: string
  err: string
}

export interface RunOptions {
  /** null: the embedded database of the working directory */
  databaseUrl: string | null
  stdin?: string
  /** to a question; undefined: there is no terminal */
  answer?: boolean
  env?: Record<string, string>
  /** working directory of a spawned command; the project by default */
  folder?: string
}

// with given secrets the command generates none in .data/
const environment = ({ databaseUrl, env }: RunOptions) => ({
  ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
  ...TEST_SECRETS,
  ...env,
})

/** Runs a command in this process. The password is the first line of `stdin`. */
export async function runCommand(command: Command, args: string[], options: RunOptions): Promise<Finished> {
  const finished = { out: '', err: '' }
  const code = await execute(command, args, {
    env: environment(options),
    print: (line) => {
      finished.out += `${line}\n`
    },
    printError: (text) => {
      finished.err += `${text}\n`
    },
    readNewPassword: async () => {
      if (options.stdin === undefined) throw new UsageError('no password given')
      return options.stdin
    },
    confirm: async (question) => {
      if (options.answer === undefined) return null
      finished.err += `${question}\n`
      return options.answer
    },
  })
  return { code, ...finished }
}

/** Runs a command in a process, as the npm script does, and waits for its exit. */
export function spawnCommand(
  name: 'user' | 'theatre',
  args: string[],
  options: RunOptions,
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [...nodeArguments('src/commands/main.ts'), name, ...args],
      {
        cwd: options.folder ?? ROOT,
        timeout: 60_000,
        env: { PATH: process.env.PATH ?? '', ...environment(options) },
      },
      (error, out, err) => {
        if (error && typeof error.code !== 'number') reject(error)
        else resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err })
      },
    )
    child.stdin?.end(options.stdin ?? '')
  })
}
