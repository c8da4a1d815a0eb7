import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROGRAM_PATIENCE, within } from './deadline.js'
import { LogCapture } from './logs.js'
import { TEST_SECRETS } from './service.js'
import { nodeArguments } from './source-program.js'
import { keepOutput } from './suite-output.js'
import type { Teardown } from './teardown.js'

export interface ServiceProcess {
  child: ChildProcess
  logs: LogCapture
  /** all that it wrote, on both streams */
  output(): string
  /** Resolves once it listens. */
  listening(): Promise<{ url: string; port: number }>
  /** Resolves to its exit code and signal once it has ended. */
  ended(): Promise<[number | null, NodeJS.Signals | null]>
}

export interface ServiceProcessOptions {
  env?: Record<string, string>
  /** where it runs and keeps its .data; else a folder of its own that is removed */
  folder?: string
  /** Node's arguments; else the sources */
  program?: readonly string[]
  /** the user and group that run it */
  uid?: number
}

/** The service as it is run, in a process of its own; without a DATABASE_URL on an embedded database. */
export function spawnService(
  t: Teardown,
  {
    env,
    folder = temporaryFolder(t),
    program = nodeArguments('src/server.ts'),
    uid,
  }: ServiceProcessOptions = {},
): ServiceProcess {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, program, {
    cwd: folder,
    ...(uid === undefined ? {} : { uid, gid: uid }),
    env: { PATH, PORT: '0', DRAIN_SECONDS: '1', LOG_LEVEL: 'trace', ...TEST_SECRETS, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // a process group of its own, as in a terminal
    detached: true,
  })
  t.teardown(() => child.kill('SIGKILL'))
  const logs = new LogCapture()
  let errors = ''
  child.stdout?.pipe(logs)
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  // the greeting prints the demo password on purpose
  keepOutput(() => errors.replaceAll('password houselights-demo)', ')'))
  const output = () => `${logs.text}\n${errors}`
  const exit = once(child, 'exit')
  return {
    child,
    logs,
    output,
    async listening() {
      const line = await logs.expect(({ msg = '' }) => msg.startsWith('Server listening'), {
        within: PROGRAM_PATIENCE,
      })
      const port = Number(/:(\d+)$/.exec(line.msg ?? '')?.[1])
      return { port, url: `http://127.0.0.1:${port}` }
    },
    async ended() {
      const [code, signal] = await within(
        exit,
        PROGRAM_PATIENCE,
        () => `the end of the process; it said: ${output()}`,
      )
      return [code, signal]
    },
  }
}

function temporaryFolder(t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'houselights-process-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
