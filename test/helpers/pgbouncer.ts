import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, isListening } from '../../scripts/cluster/programs.js'
import { type Program, requireProgram } from './programs.js'
import type { Teardown } from './teardown.js'
import { until } from './until.js'

export const PGBOUNCER: Program = {
  name: 'PgBouncer',
  commands: ['pgbouncer'],
  paths: ['/usr/sbin/pgbouncer'],
  apt: { debian: 'pgbouncer', ubuntu: 'pgbouncer' },
  remedy: { darwin: 'brew install pgbouncer', other: 'install PgBouncer with the package manager' },
}

/** Starts a PgBouncer in transaction mode, with its own defaults, before the database of `url`. Returns the URL through it. */
export async function startPgBouncer(t: Teardown, url: string): Promise<string> {
  const program = requireProgram(PGBOUNCER)
  const target = new URL(url)
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'houselights-pgbouncer-'))
  const name = target.pathname.slice(1)
  const password = decodeURIComponent(target.password)
  const login = `user=${decodeURIComponent(target.username)}${password ? ` password=${password}` : ''}`
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]
${name} = host=${target.hostname} port=${target.port || 5432} dbname=${name} ${login}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 8
`,
  )
  // it refuses to run as root
  const isRoot = process.getuid?.() === 0
  if (isRoot) chmodSync(folder, 0o755)
  const child = spawn(program, [...(isRoot ? ['-u', 'nobody'] : []), join(folder, 'pgbouncer.ini')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  t.teardown(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  await until(() => {
    if (child.exitCode !== null) throw new Error(`PgBouncer did not start: ${output}`)
    return isListening(port)
  }, 'PgBouncer to listen')
  target.host = `127.0.0.1:${port}`
  return target.href
}
