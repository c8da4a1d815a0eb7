import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { createApp } from './app.js'
import { type Config, loadConfig } from './config/config.js'
import { settleDatabaseUrl } from './database/database-url.js'
import { acquireMatchingServer } from './database/embedded-database.js'
import { applyMigrations } from './database/migrate.js'
import { loadDemoData } from './demo-data.js'
import { BACKLOG } from './fastify-instance.js'
import { explainStart } from './start-error.js'
import { startupBanner } from './startup-banner.js'
import { onStopSignals } from './stop-signals.js'

/** ms that a shutdown may take beyond the drain before the process exits anyway */
const SHUTDOWN_GRACE_MS = 10_000

/** ms between two checks that the embedded server still runs: nothing else would restart it */
const REVIVE_EVERY_MS = 2000

interface DatabaseLease {
  url: string
  embedded: boolean
  /** whether all migrations are known to be applied */
  isCurrent: boolean
  release(): Promise<void>
}

/** Closes what the process has opened, in reverse order. */
type Closers = (() => Promise<unknown>)[]

/** The process: environment, signals, database, service, drain. `npm start` runs it in the project's folder. */
async function main(): Promise<void> {
  const config = loadConfig(process.env, { dataDirectory: '.data' })
  // before anything is opened: an embedded database that is not released keeps running
  const stop = listenForSignals()
  const closers: Closers = []
  let isClean = true
  try {
    const app = await start(config, stop, closers)
    if (!stop.aborted) await once(stop, 'abort')
    app.log.info({ signal: stop.reason }, 'draining')
  } catch (error) {
    // stopped while starting: Ctrl-C also ends the child processes of the current step, which then fails
    if (!stop.aborted) throw error
  } finally {
    isClean = await close(closers, config)
  }
  process.exit(isClean ? 0 : 1)
}

/** Aborted by SIGTERM or SIGINT, with the signal as its reason. A second signal exits without draining. */
function listenForSignals(): AbortSignal {
  const stop = new AbortController()
  onStopSignals(
    ['SIGTERM', 'SIGINT'],
    (signal) => stop.abort(signal),
    () => process.exit(1),
  )
  return stop.signal
}

/** Starts the service. Once `stop` is aborted it finishes the current step, then throws `stop.reason`. */
async function start(config: Config, stop: AbortSignal, closers: Closers): Promise<FastifyInstance> {
  const database = await openDatabase(config)
  closers.push(() => database.release())
  stop.throwIfAborted()
  if (!database.isCurrent) await applyMigrations(database.url)
  stop.throwIfAborted()
  if (database.embedded && !config.isProduction) await loadDemoData(database.url)
  stop.throwIfAborted()
  const app = await createApp(config, {
    databaseUrl: database.url,
    pagesDirectory: fileURLToPath(new URL('../web', import.meta.url)),
  })
  closers.push(() => app.close())
  stop.throwIfAborted()
  await app.listen({ host: config.host, port: config.port, backlog: BACKLOG })
  announce(app, config, database)
  if (config.payments.provider === 'razorpay' && config.payments.keys === null) {
    app.log.warn('RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET are unset: no payment can be started')
  }
  return app
}

/** Returns whether all closed; one that fails does not keep the others open. */
async function close(closers: Closers, { lameDuckSeconds, drainSeconds }: Config): Promise<boolean> {
  setTimeout(() => process.exit(1), (lameDuckSeconds + drainSeconds) * 1000 + SHUTDOWN_GRACE_MS).unref()
  let isClean = true
  for (const closeOne of closers.reverse()) {
    await closeOne().catch((error: unknown) => {
      isClean = false
      process.stderr.write(`houselights: the shutdown failed: ${explainStart(error)}\n`)
    })
  }
  return isClean
}

async function openDatabase(config: Config): Promise<DatabaseLease> {
  if (config.databaseUrl !== null) {
    const url = await settleDatabaseUrl(config.databaseUrl)
    return { url, embedded: false, isCurrent: false, release: async () => {} }
  }
  const server = await acquireMatchingServer(config)
  let reviving = false
  const watch = setInterval(() => {
    if (reviving) return
    reviving = true
    server
      .revive()
      .catch((error: unknown) => void process.stderr.write(`houselights: ${explainStart(error)}\n`))
      .finally(() => {
        reviving = false
      })
  }, REVIVE_EVERY_MS)
  const release = () => {
    clearInterval(watch)
    return server.release()
  }
  return { url: server.url, embedded: true, isCurrent: server.isCurrent, release }
}

/** Reports the port over IPC to a parent process; without one, prints the banner on the terminal. */
function announce(app: FastifyInstance, config: Config, database: DatabaseLease): void {
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  if (process.send) process.send({ type: 'listening', port })
  // stdout is for log lines only
  else
    process.stderr.write(
      startupBanner(config, { port, hasDemo: database.embedded, isBusUp: app.hub.isBusUp }),
    )
}

main().catch((error: unknown) => {
  process.stderr.write(`houselights can’t start: ${explainStart(error)}\n`)
  process.exit(1)
})
