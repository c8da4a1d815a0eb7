import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Teardown } from '../helpers/teardown.js'

/** ms from a node's end to its next start, as RestartSec of the unit */
const RESTART_MS = 50

/** `systemctl restart houselights@PORT`: ends the process, and waits for the next one. */
const SYSTEMCTL = `#!/bin/sh
file=$(dirname "$0")/\${2#houselights@}.pid
old=$(cat "$file")
kill -TERM "$old"
while [ "$(cat "$file")" = "$old" ]; do sleep 0.02; done
`

export interface Supervisor {
  /** the folder with its `systemctl` */
  bin: string
  pid(port: number): number
}

/**
 * What systemd does with the units of deploy/houselights@.service: runs `node server.js` in the folder's `current` on each port, and
 * starts it again whenever it ends.
 */
export function supervise(
  t: Teardown,
  folder: string,
  { ports, env }: { ports: readonly number[]; env: NodeJS.ProcessEnv },
): Supervisor {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'systemctl'), SYSTEMCTL)
  chmodSync(join(bin, 'systemctl'), 0o755)
  const running = new Map<number, ChildProcess>()
  let isOver = false

  async function keep(port: number): Promise<void> {
    while (!isOver) {
      const child = spawn(process.execPath, ['server.js'], {
        cwd: join(folder, 'current'),
        env: { ...env, HOST: '127.0.0.1', PORT: `${port}` },
        stdio: 'ignore',
      })
      const ended = once(child, 'exit')
      running.set(port, child)
      const file = join(bin, `${port}.pid`)
      writeFileSync(`${file}.new`, `${child.pid}`)
      renameSync(`${file}.new`, file)
      await ended
      await wait(RESTART_MS)
    }
  }
  const all = ports.map(keep)
  t.teardown(async () => {
    isOver = true
    for (const child of running.values()) child.kill('SIGKILL')
    await Promise.all(all)
  })
  return { bin, pid: (port) => running.get(port)?.pid ?? 0 }
}
