import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Finished {
  code: number
  out: string
  err: string
}

/** Runs `npm run <name> -- <args>` as the script does, from the sources, and waits for its end. */
export function runCommand(
  name: 'user' | 'theatre',
  args: string[],
  options: { databaseUrl: string; stdin?: string; env?: Record<string, string> },
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      ['--import=tsx', `src/commands/${name}.ts`, ...args],
      {
        cwd: ROOT,
        timeout: 30_000,
        env: { PATH: process.env.PATH ?? '', DATABASE_URL: options.databaseUrl, ...options.env },
      },
      (error, out, err) => {
        if (error && typeof error.code !== 'number') reject(error)
        else resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err })
      },
    )
    child.stdin?.end(options.stdin ?? '')
  })
}
