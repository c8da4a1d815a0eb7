import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { createApp } from './app.js'
import { type Config, loadConfig } from './config/config.js'
import { acquireMatchingServer } from './database/embedded-database.js'
import { applyMigrations } from './database/migrate.js'
import { loadDemoData } from './demo-data.js'
import { greeting } from './greeting.js'
import { explainStart } from './start-error.js'

/** ms after which a shutdown that hangs is ended, beyond the time that the drain may take */
const SHUTDOWN_GRACE_MS = 10_000

/** ms between two looks whether the embedded server still runs: nobody else would start it again */
const LOOK_AFTER_DATABASE_MS = 2000

/** ms in which the same signal again is the same word again */
const ECHO_MS = 1000

interface DatabaseLease {
  url: string
  embedded: boolean
  release(): Promise<void>
}

/** What the process has taken, in this order; given back the last first. */
type Held = (() => Promise<unknown>)[]

/** The process: environment, signals, database, service, drain. Started by `npm start` in the project's folder. */
async function main(): Promise<void> {
  const config = loadConfig(process.env, { dataDirectory: '.data' })
  // before anything is taken: a database that is not given back would go on running
  const stop = listenForSignals()
  const held: Held = []
  let isClean = true
  try {
    const app = await start(config, stop, held)
    if (!stop.aborted) await once(stop, 'abort')
    app.log.info({ signal: stop.reason }, 'draining')
  } catch (error) {
    // told to stop while it started; Ctrl-C has ended the programs of its current step as well
    if (!stop.aborted) throw error
  } finally {
    isClean = await giveBack(held, config)
  }
  process.exit(isClean ? 0 : 1)
}

/**
 * Aborted, with the signal as its reason, by SIGTERM or SIGINT. A second one does not wait; but Ctrl-C comes twice,
 * from the terminal and from npm, which passes it on.
 */
function listenForSignals(): AbortSignal {
  const stop = new AbortController()
  let toldAt = 0
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      const isEcho = signal === stop.signal.reason && performance.now() - toldAt < ECHO_MS
      if (stop.signal.aborted && !isEcho) process.exit(1)
      if (stop.signal.aborted) return
      toldAt = performance.now()
      stop.abort(signal)
    })
  }
  return stop.signal
}

/** Brings the service up; once it is told to stop it ends its current step and throws `stop.reason`. */
async function start(config: Config, stop: AbortSignal, held: Held): Promise<FastifyInstance> {
  const database = await openDatabase(config)
  held.push(() => database.release())
  stop.throwIfAborted()
  await applyMigrations(database.url)
  stop.throwIfAborted()
  if (database.embedded && !config.isProduction) await loadDemoData(database.url)
  stop.throwIfAborted()
  const app = await createApp(config, {
    databaseUrl: database.url,
    pagesDirectory: fileURLToPath(new URL('../web', import.meta.url)),
  })
  held.push(() => app.close())
  stop.throwIfAborted()
  await app.listen({ host: config.host, port: config.port })
  announce(app, config, database)
  if (config.payments.provider === 'razorpay' && config.payments.keys === null) {
    app.log.warn('RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET are unset: no payment can be started')
  }
  return app
}

/** One that fails does not keep the others; false when one did. */
async function giveBack(held: Held, { drainSeconds }: Config): Promise<boolean> {
  setTimeout(() => process.exit(1), drainSeconds * 1000 + SHUTDOWN_GRACE_MS).unref()
  let isClean = true
  for (const end of held.reverse()) {
    await end().catch((error: unknown) => {
      isClean = false
      process.stderr.write(`houselights: the shutdown failed: ${explainStart(error)}\n`)
    })
  }
  return isClean
}

async function openDatabase(config: Config): Promise<DatabaseLease> {
  if (config.databaseUrl !== null) {
    return { url: config.databaseUrl, embedded: false, release: async () => {} }
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
  }, LOOK_AFTER_DATABASE_MS)
  const release = () => {
    clearInterval(watch)
    return server.release()
  }
  return { url: server.url, embedded: true, release }
}

/** Reports the port to the process that started this one over IPC, or else greets the person at the terminal. */
function announce(app: FastifyInstance, config: Config, database: DatabaseLease): void {
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  if (process.send) process.send({ type: 'listening', port })
  // stdout is for log lines only
  else process.stderr.write(greeting(config, { port, hasDemo: database.embedded }))
}

main().catch((error: unknown) => {
  process.stderr.write(`houselights can’t start: ${explainStart(error)}\n`)
  process.exit(1)
})
