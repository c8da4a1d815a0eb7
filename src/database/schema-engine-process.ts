import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { MigrationError } from './migration-error.js'

/** ms; long enough for migrations that rewrite large tables */
const DEADLINE = 15 * 60_000

interface Answer {
  id: number
  method?: string
  result?: unknown
  error?: { message: string; data?: { message: string; error_code?: string } }
}

type Engine = ChildProcessByStdio<Writable, Readable, null>

/**
 * Runs the schema engine while `work` runs, one call at a time. It gets a process of its own, because it is 5 MB of
 * WebAssembly that a running service does not need.
 * @throws {MigrationError} for an error response, and if the engine exits early or takes longer than 15 minutes
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
    // out of reach of the terminal's Ctrl-C: an interrupted migration counts as failed, and blocks every start
    detached: true,
  })
  // writing to an engine that has exited: `answers` reports the exit
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
  if (line.done === true) throw new MigrationError('the schema engine exited without a response: start again')
  const { result, error } = JSON.parse(line.value) as Answer
  if (error === undefined) return result
  const message = error.data?.message ?? error.message
  throw new MigrationError(message.trim(), error.data?.error_code)
}
