import { DJANGO } from '../gate/programs.js'
import { CHROMIUM, HEADLESS_SHELL } from './chromium.js'
import { dropLeftovers, ensureTemplate, MIGRATED, testServer } from './database-template.js'
import { POSTGRES } from './installed-postgres.js'
import { PGBOUNCER } from './pgbouncer.js'
import { installOptional, requireProgram } from './programs.js'
import { REDIS } from './redis.js'
import { type SuiteVerdict, watchSuite } from './suite-output.js'

/**
 * What the runner does before the first test file, so that files that run at once neither install the same program
 * nor start and stop the database in turn. A part that fails is told, and then fails the tests that need it.
 */
export async function startSharedServices({
  django = false,
} = {}): Promise<{ judgeOutput(): SuiteVerdict; stop(): Promise<void> }> {
  const output = watchSuite()
  await tell(async () => {
    if (!process.env.REDIS_URL) requireProgram(REDIS)
  })
  await tell(async () => {
    if (process.env.CHROMIUM_PATH) return
    requireProgram(CHROMIUM)
    installOptional(HEADLESS_SHELL)
  })
  if (django) {
    await tell(async () => requireProgram(DJANGO))
    await tell(async () => requireProgram(PGBOUNCER))
    await tell(async () => requireProgram(POSTGRES))
  }
  await tell(async () => {
    await ensureTemplate(MIGRATED)
    await dropLeftovers()
  })
  return {
    judgeOutput: output.judge,
    async stop() {
      output.remove()
      await tell(async () => (await testServer()).release())
    },
  }
}

async function tell(step: () => Promise<unknown>): Promise<void> {
  try {
    await step()
  } catch (error) {
    process.stderr.write(`houselights: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}
