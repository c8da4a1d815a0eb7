import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROGRAM_PATIENCE, within } from '../helpers/deadline.js'
import { LogCapture } from '../helpers/logs.js'
import { nodeArguments } from '../helpers/source-program.js'
import type { Teardown } from '../helpers/teardown.js'

/** The gate as a process, with this environment and nothing else. */
export function runGate(t: Teardown, env: Record<string, string>, file: string | object) {
  const folder = mkdtempSync(join(tmpdir(), 'houselights-gate-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'gate.json'), typeof file === 'string' ? file : JSON.stringify(file))
  const child = spawn(process.execPath, [...nodeArguments('src/gate-server.ts'), join(folder, 'gate.json')], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors += chunk
  })
  const logs = new LogCapture()
  child.stdout?.pipe(logs)
  const ended = once(child, 'exit').then(([code]) => ({ code: code as number, errors }))
  t.teardown(() => child.kill('SIGKILL'))
  const listening = once(child, 'message').then(([message]) => (message as { port: number }).port)
  return {
    child,
    logs,
    ended: within(ended, PROGRAM_PATIENCE, 'the gate to end'),
    port: () =>
      within(
        Promise.race([listening, ended.then(() => Promise.reject(new Error(errors)))]),
        PROGRAM_PATIENCE,
        'the gate to listen',
      ),
  }
}
