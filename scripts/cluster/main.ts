import { parseArgs } from 'node:util'
import { InputError, UsageError } from '../../src/commands/command.js'
import { ConfigError } from '../../src/config/config.js'
import { onStopSignals } from '../../src/stop-signals.js'
import { Cluster } from './cluster.js'

const KEYS = `  1 … 9             kills that node (kill -9); r restarts one after the other. From another terminal:
  kill -9 PID       a node that exits for any reason is restarted
  kill -HUP PID     this process: restarts one after the other, as a deploy does
  Ctrl-C, SIGTERM   drains all nodes and exits; a second one exits at once`

const USAGE = `Several nodes on this machine behind one port, to try out what happens when one fails.

  npm run cluster -- 3      starts three nodes (1 to 9) and a front proxy on PORT (3000)

They share the database (DATABASE_URL, else the embedded one) and Redis (REDIS_URL, else their own redis-server or
valkey-server from the PATH). The front proxy has no sticky sessions.

${KEYS}`

function readCount(argv: readonly string[]): number {
  const { positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: {} })
  const [given = '3', ...rest] = positionals
  if (rest.length > 0 || !/^[1-9]$/.test(given)) throw new UsageError('The number of nodes is 1 to 9.')
  return Number(given)
}

const print = (line: string) => void process.stderr.write(`${line}\n`)

async function main(argv: readonly string[], server: string): Promise<void> {
  const count = readCount(argv)
  const onLog = (chunk: Buffer) => void process.stdout.write(chunk)
  const cluster = new Cluster({ count, server, env: process.env, print, onLog })
  const stopping = handleSignals(cluster)
  try {
    const url = await cluster.start()
    if (stopping.aborted) return
    print(`\nhouselights is up at ${url}, on ${count} nodes:`)
  } catch (error) {
    if (stopping.aborted) return
    await cluster.stop()
    throw error
  }
  for (const { number, port, pid } of cluster.nodes)
    print(`  ${number}  http://localhost:${port}  pid ${pid}`)
  print(`\n${KEYS}\n`)
  handleKeys(cluster)
}

/** The signal that it returns is aborted once the cluster is stopping. */
function handleSignals(cluster: Cluster): AbortSignal {
  const stopping = new AbortController()
  const stop = async () => {
    stopping.abort()
    print('draining…')
    process.exit((await cluster.stop()) ? 0 : 1)
  }
  onStopSignals(
    ['SIGTERM', 'SIGINT'],
    () => void stop().catch(fail),
    () => void cluster.abort().finally(() => process.exit(1)),
  )
  process.on('SIGHUP', () => void cluster.roll().catch(fail))
  return stopping.signal
}

/** At a terminal only: piped input is not keys. */
function handleKeys(cluster: Cluster): void {
  const { stdin } = process
  if (!stdin.isTTY) return
  stdin.setRawMode(true)
  stdin.setEncoding('utf8').on('data', (key) => {
    // in raw mode Ctrl-C is a key
    if (String(key) === '\x03') process.kill(process.pid, 'SIGINT')
    if (String(key) === 'r') cluster.roll().catch(fail)
    cluster.nodes.find(({ number }) => String(number) === String(key))?.signal('SIGKILL')
  })
}

function fail(error: unknown): never {
  const isExpected =
    error instanceof InputError ||
    error instanceof UsageError ||
    error instanceof ConfigError ||
    (error instanceof Error && ('code' in error || error.name === 'EmbeddedServerError'))
  print(
    `houselights: ${isExpected ? error.message : String((error instanceof Error && error.stack) || error)}`,
  )
  process.exit(error instanceof UsageError ? 2 : 1)
}

/** Runs the cluster on this terminal until a signal ends it. `server`: the built service's entry */
export function runCluster(argv: readonly string[], server: string): void {
  if (argv.some((word) => ['--help', '-h', 'help'].includes(word))) print(USAGE)
  else main(argv, server).catch(fail)
}
