import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/** Long migrations rewrite large tables; a start that hangs for longer hides that something is wrong. */
const DEADLINE = 15 * 60_000

/** A migration that can't be applied, with Prisma's code where it has one. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'

  constructor(
    message: string,
    readonly code = 'migration_failed',
  ) {
    super(message)
  }
}

interface Answer {
  id: number
  method?: string
  result?: unknown
  error?: { message: string; data?: { message: string; error_code?: string } }
}

type Engine = ChildProcessByStdio<Writable, Readable, null>

/**
 * Runs the schema engine in a process of its own (it is 5 MB of WebAssembly that a running service does not
 * need) for as long as the work takes. One call at a time.
 * @throws {MigrationError} what the engine answers, or that it ended or took longer than 15 minutes
 */
export async function runSchemaEngine<T>(
  script: string,
  url: string,
  work: (call: (method: string, params: object) => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const args = [script, '--datasource', JSON.stringify({ url })]
  const engine: Engine = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: DEADLINE,
    // Ctrl-C reaches a whole process group; a migration that is cut short counts as failed, and blocks all starts.
    detached: true,
  })
  // Writing to an engine that has ended: its end is told by `answers`.
  engine.stdin.on('error', () => {})
  const answers = createInterface({ input: engine.stdout })[Symbol.asyncIterator]()
  let id = 0
  try {
    return await work(async (method, params) => {
      id += 1
      engine.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
      return resultOf(await answers.next())
    })
  } finally {
    engine.kill()
  }
}

function resultOf(line: IteratorResult<string>): unknown {
  if (line.done === true) throw new MigrationError('the schema engine ended without an answer: start again')
  const { result, error } = JSON.parse(line.value) as Answer
  if (error === undefined) return result
  const message = error.data?.message ?? error.message
  throw new MigrationError(message.trim(), error.data?.error_code)
}
