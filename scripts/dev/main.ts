import { relative } from 'node:path'
import { type Config, loadConfig } from '../../src/config/config.js'
import { acquireMatchingServer } from '../../src/database/embedded-database.js'
import { greeting } from '../../src/greeting.js'
import { explainStart } from '../../src/start-error.js'
import { inRoot, root } from '../lib/paths.mjs'
import { ScriptError } from '../lib/run.mjs'
import { preparePackages } from '../prepare.mjs'
import { DevFront } from './front.js'
import { openPages } from './pages.js'
import { DevService } from './service.js'

/** what the service is made of; the pages' shells too, which it reads at its start */
const WATCHED = ['src', 'plugins', 'routes', 'prisma/schema.prisma', 'prisma/migrations', 'web']
const IGNORED = /^src\/database\/generated\/|^src\/commands\//
/** ms of quiet after a change: editors write several files, or one in several steps */
const QUIET_MS = 80

const say = (line: string) => void process.stderr.write(`houselights: ${line}\n`)

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
  // held here: PostgreSQL keeps running while the service restarts
  const database = config.databaseUrl === null ? await acquireMatchingServer(config) : null
  const service = new DevService({
    env: { ...process.env, DRAIN_SECONDS: process.env.DRAIN_SECONDS || '0' },
    say,
    onRecovery: () => pages.reload(),
  })
  const front = new DevFront(service)
  const pages = await openPages(front.server, config)
  const close = async () => {
    await service.close()
    await pages.close()
    await front.close()
    await database?.release()
  }
  endOnSignal(close, () => service.kill())
  try {
    const port = await front.listen(pages, config.host, config.port)
    pages.watch(
      WATCHED.map((name) => inRoot(name)),
      restarter(service),
    )
    await service.restart()
    process.stderr.write(greeting(config, { port, hasDemo: database !== null }))
  } catch (error) {
    await close()
    throw error
  }
}

/** Restarts the service when files that it is made of have changed, once for changes in a row. */
function restarter(service: DevService): (path: string) => void {
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  const restart = async () => {
    const files = [...changed]
    changed.clear()
    const began = performance.now()
    const schema = files.some((file) => file.endsWith('.prisma'))
    if (!(await service.restart(schema ? preparePackages : undefined))) return
    say(`restarted in ${((performance.now() - began) / 1000).toFixed(1)} s (${files.slice(0, 3).join(', ')})`)
  }
  return (path) => {
    const file = relative(root, path)
    if (IGNORED.test(file) || (file.startsWith('web/') && !file.endsWith('.html'))) return
    changed.add(file)
    clearTimeout(timer)
    timer = setTimeout(() => void restart(), QUIET_MS)
  }
}

/** Ctrl-C and SIGTERM end everything in order; a second one does not wait. */
function endOnSignal(close: () => Promise<void>, kill: () => void): void {
  let endingSince = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // npm forwards the terminal's Ctrl-C, so it arrives twice
      if (endingSince > 0 && performance.now() - endingSince < 1000) return
      if (endingSince > 0) {
        kill()
        process.exit(1)
      }
      endingSince = performance.now()
      close().then(
        () => process.exit(0),
        (error: unknown) => {
          say(explainStart(error))
          process.exit(1)
        },
      )
    })
  }
}
