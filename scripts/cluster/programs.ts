import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** ms after which a Redis on this machine must accept connections */
const START_MS = 5000

export interface PrivateRedis {
  url: string
  stop(): Promise<void>
}

/** The first of these commands on the PATH. */
export function findOnPath(commands: readonly string[], path: string): string | null {
  const folders = path.split(delimiter).filter((folder) => folder !== '')
  for (const command of commands) {
    const found = folders.map((folder) => join(folder, command)).find(isExecutable)
    if (found) return found
  }
  return null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The shell exits with the server, and ends the server when the pipe closes, which happens however this process ends. */
const RUN_UNTIL_PIPE_CLOSES =
  '"$0" "$@" >/dev/null 2>&1 & server=$!; (cat >/dev/null <&3; kill $server 2>/dev/null) & wait $server'

/** Starts a Redis for this cluster alone, in memory only; it ends with this process. */
export async function startPrivateRedis(program: string): Promise<PrivateRedis> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'houselights-redis-'))
  const settings = { port: `${port}`, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  // detached: Ctrl-C at the terminal must not end it before the nodes have drained
  const child = spawn('sh', ['-c', RUN_UNTIL_PIPE_CLOSES, program, ...args], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    detached: true,
  })
  let hasEnded = false
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  }).then(() => {
    hasEnded = true
    rmSync(folder, { recursive: true, force: true })
  })
  const deadline = performance.now() + START_MS
  for (; !(await isListening(port)); await wait(20)) {
    if (hasEnded || performance.now() > deadline) throw new Error(`${program} does not start`)
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      for (const pipe of child.stdio) if (pipe instanceof Socket) pipe.destroy()
      await ended
    },
  }
}

/** Whether something accepts connections on a port of this machine. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

/** A port that is currently free. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
