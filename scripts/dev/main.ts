import { relative } from 'node:path'
import { type Config, loadConfig } from '../../src/config/config.js'
import { acquireMatchingServer } from '../../src/database/embedded-database.js'
import { explainStart } from '../../src/start-error.js'
import { startupBanner } from '../../src/startup-banner.js'
import { onStopSignals } from '../../src/stop-signals.js'
import { inRoot, root } from '../lib/paths.mjs'
import { ScriptError } from '../lib/run.mjs'
import { preparePackages } from '../prepare.mjs'
import { type DevPages, openPages } from './dev-pages.js'
import { DevProxy } from './dev-proxy.js'
import { DevService } from './dev-service.js'

/** Changes below these restart the service; of web/ only the HTML files, which the service reads when it starts. */
const WATCHED = ['src', 'plugins', 'routes', 'prisma/schema.prisma', 'prisma/migrations', 'web']
const IGNORED = /^src\/database\/generated\/|^src\/commands\//
/** ms without a further change before the restart: editors write several files, or one in several steps */
const DEBOUNCE_MS = 80

const print = (line: string) => void process.stderr.write(`houselights: ${line}\n`)

/** Runs `npm run dev` until a signal ends it. */
export async function runDev(): Promise<void> {
  try {
    await open(loadConfig(process.env, { dataDirectory: inRoot('.data') }))
  } catch (error) {
    throw new ScriptError(explainStart(error))
  }
}

async function open(config: Config): Promise<void> {
  if (config.isProduction) throw new ScriptError('npm run dev is for development: NODE_ENV is production')
  // acquired here, so that PostgreSQL keeps running while the service restarts
  const acquiring = config.databaseUrl === null ? acquireMatchingServer(config) : Promise.resolve(null)
  let pages: DevPages | null = null
  const service = new DevService({
    env: { ...process.env, DRAIN_SECONDS: process.env.DRAIN_SECONDS || '0' },
    print,
    onRecovery: () => pages?.reload(),
  })
  const proxy = new DevProxy(service)
  const close = async () => {
    await service.close()
    await pages?.close()
    await proxy.close()
    const database = await acquiring.catch(() => null)
    await database?.release()
  }
  const stopping = handleSignals(close, () => service.abort())
  try {
    const database = await acquiring
    pages = await openPages(proxy.server, config)
    const port = await proxy.listen(pages, config.host, config.port)
    pages.watch(
      WATCHED.map((name) => inRoot(name)),
      restarter(service),
    )
    await service.restart()
    // the service's own log reports a bus that is down
    const started = { port, hasDemo: database !== null, isBusUp: true }
    if (!stopping.aborted) process.stderr.write(startupBanner(config, started))
  } catch (error) {
    if (stopping.aborted) return
    await close()
    throw error
  }
}

/** Returns a listener for changed files that restarts the service, once for changes in quick succession. */
function restarter(service: DevService): (path: string) => void {
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  const restart = async () => {
    const files = [...changed]
    changed.clear()
    const began = performance.now()
    const schema = files.some((file) => file.endsWith('.prisma'))
    if (!(await service.restart(schema ? preparePackages : undefined))) return
    print(
      `restarted in ${((performance.now() - began) / 1000).toFixed(1)} s (${files.slice(0, 3).join(', ')})`,
    )
  }
  return (path) => {
    const file = relative(root, path)
    if (IGNORED.test(file) || (file.startsWith('web/') && !file.endsWith('.html'))) return
    changed.add(file)
    clearTimeout(timer)
    timer = setTimeout(() => void restart(), DEBOUNCE_MS)
  }
}

/** The first signal closes everything in order; a second one does not wait. Returns what the first one aborts. */
function handleSignals(close: () => Promise<void>, abort: () => Promise<void>): AbortSignal {
  const stopping = new AbortController()
  let exitCode = 0
  const stop = async () => {
    stopping.abort()
    await close().catch((error: unknown) => {
      print(explainStart(error))
      exitCode = 1
    })
    process.exit(exitCode)
  }
  onStopSignals(
    ['SIGINT', 'SIGTERM', 'SIGHUP'],
    () => void stop(),
    () => {
      exitCode = 1
      void abort().finally(() => process.exit(1))
    },
  )
  return stopping.signal
}
