import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { createApp } from './app.js'
import { type Config, loadConfig } from './config.js'
import { loadDemoData } from './database/demo-data.js'
import { acquireEmbeddedServer } from './database/embedded-server.js'
import { applyMigrations } from './database/migrate.js'
import { explainStart } from './start-error.js'

/** ms after which a shutdown that hangs is ended, beyond the time that the drain may take */
const SHUTDOWN_GRACE_MS = 10_000

/** ms between two looks whether the embedded server still runs: nobody else would start it again */
const LOOK_AFTER_DATABASE_MS = 2000

interface DatabaseLease {
  url: string
  embedded: boolean
  release(): Promise<void>
}

/** The process: environment, database, service, signals. Started by `npm start` in the project's folder. */
async function main(): Promise<void> {
  const config = loadConfig(process.env, { dataDirectory: '.data' })
  const database = await openDatabase(config)
  let app: FastifyInstance
  try {
    await applyMigrations(database.url)
    if (database.embedded && !config.isProduction) await loadDemoData(database.url)
    app = await createApp(config, {
      databaseUrl: database.url,
      pagesDirectory: fileURLToPath(new URL('../web', import.meta.url)),
    })
    await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    await database.release()
    throw error
  }
  stopOnSignals(app, database, config)
  greet(app, config, database)
  if (config.payments.provider === 'razorpay' && config.payments.keys === null) {
    app.log.warn('RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET are unset: no payment can be started')
  }
}

async function openDatabase(config: Config): Promise<DatabaseLease> {
  if (config.databaseUrl !== null) {
    return { url: config.databaseUrl, embedded: false, release: async () => {} }
  }
  const server = await acquireEmbeddedServer({ dataDirectory: config.dataDirectory })
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

/** SIGTERM and SIGINT drain, and exit 0; a second one does not wait. */
function stopOnSignals(app: FastifyInstance, database: DatabaseLease, config: Config): void {
  let stopping = false
  const stop = async (signal: string) => {
    if (stopping) process.exit(1)
    stopping = true
    app.log.info({ signal }, 'draining')
    setTimeout(() => process.exit(1), config.drainSeconds * 1000 + SHUTDOWN_GRACE_MS).unref()
    await app.close()
    await database.release()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop(signal).catch((err: unknown) => {
        app.log.fatal({ err }, 'the shutdown failed')
        process.exit(1)
      })
    })
  }
}

/** For the person at the terminal, on stderr: stdout holds log lines only. */
function greet(app: FastifyInstance, config: Config, database: DatabaseLease): void {
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  const host = ['0.0.0.0', '::', '127.0.0.1'].includes(config.host) ? 'localhost' : config.host
  const base = `http://${host}:${port}`
  const lines = ['', `houselights is up at ${base}`]
  if (database.embedded) {
    lines.push(
      `  staff     ${base}/login   (staff, staff2 or admin; password houselights-demo)`,
      `  customer  ${base}/s/demo-a1   (the seats’ tokens: demo-a1 … demo-e10, demo2-a1 …)`,
    )
  }
  if (config.redisUrl === null) {
    lines.push(
      '  REDIS_URL is unset: other processes on this database hear of events within 2 s, not at once.',
    )
  }
  process.stderr.write(`${lines.join('\n')}\n\n`)
}

main().catch((error: unknown) => {
  process.stderr.write(`houselights can’t start: ${explainStart(error)}\n`)
  process.exit(1)
})
