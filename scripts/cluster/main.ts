import { parseArgs } from 'node:util'
import { InputError, UsageError } from '../../src/commands/command.js'
import { ConfigError } from '../../src/config/config.js'
import { Cluster } from './cluster.js'

const USAGE = `Several nodes on this machine behind one port, for trying out what happens when one goes away.

  npm run cluster -- 3      starts three nodes (1 to 9) and a front on PORT (3000)

They share the database (DATABASE_URL, else the embedded one) and Redis (REDIS_URL, else a redis-server or
valkey-server of their own, found on the PATH). The front knows no sticky sessions.

  1 … 9             kills that node (kill -9), r restarts one after the other; or, from elsewhere:
  kill -9 PID       a node that ends, however it ends, is started again
  kill -HUP PID     of this process: restarts one after the other, as a deploy does
  Ctrl-C, SIGTERM   drains all, and ends; twice: at once`

function readCount(argv: readonly string[]): number {
  const { positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: {} })
  const [given = '3', ...rest] = positionals
  if (rest.length > 0 || !/^[1-9]$/.test(given)) throw new UsageError('The number of nodes is 1 to 9.')
  return Number(given)
}

const say = (line: string) => void process.stderr.write(`${line}\n`)

async function main(argv: readonly string[], server: string): Promise<void> {
  const count = readCount(argv)
  const starting = Cluster.start({
    count,
    server,
    env: process.env,
    say,
    onLog: (chunk) => void process.stdout.write(chunk),
  })
  obeySignals(starting)
  const cluster = await starting
  say(`\nhouselights is up at ${cluster.url}, on ${count} nodes:`)
  for (const { number, port, pid } of cluster.nodes) say(`  ${number}  http://localhost:${port}  pid ${pid}`)
  say(`\n${USAGE.slice(USAGE.indexOf('  1 …'))}\n`)
  obeyKeys(cluster)
}

function obeySignals(starting: Promise<Cluster>): void {
  let stopping = false
  let started: Cluster | null = null
  const stop = async () => {
    if (stopping) {
      started?.kill()
      process.exit(1)
    }
    stopping = true
    started = await starting
    say('draining…')
    process.exit((await started.stop()) ? 0 : 1)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop().catch(fail))
  process.on('SIGHUP', () => {
    starting.then((cluster) => cluster.roll()).catch(fail)
  })
}

/** Only at a terminal: piped input is not keys. */
function obeyKeys(cluster: Cluster): void {
  const { stdin } = process
  if (!stdin.isTTY) return
  stdin.setRawMode(true)
  stdin.setEncoding('utf8').on('data', (key) => {
    if (String(key) === '\x03') process.kill(process.pid, 'SIGINT')
    if (String(key) === 'r') cluster.roll().catch(fail)
    cluster.nodes.find(({ number }) => String(number) === String(key))?.signal('SIGKILL')
  })
}

function fail(error: unknown): never {
  const isForeseen =
    error instanceof InputError ||
    error instanceof UsageError ||
    error instanceof ConfigError ||
    (error instanceof Error && ('code' in error || error.name === 'EmbeddedServerError'))
  say(`houselights: ${isForeseen ? error.message : String((error instanceof Error && error.stack) || error)}`)
  process.exit(error instanceof UsageError ? 2 : 1)
}

/** Runs the cluster on this terminal until a signal ends it; `server` is the service's entry as built. */
export function runCluster(argv: readonly string[], server: string): void {
  if (argv.some((word) => ['--help', '-h', 'help'].includes(word))) say(USAGE)
  else main(argv, server).catch(fail)
}
