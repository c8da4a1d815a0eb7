import { type Config, ConfigError, loadConfig } from '../config/config.js'
import { createDatabase, type Database } from '../database/client.js'
import { acquireMatchingServer } from '../database/embedded-database.js'
import { applyMigrations } from '../database/migrate.js'
import { loadDemoData } from '../demo-data.js'
import { DomainError } from '../errors.js'
import type { ActionContext } from '../events/commit.js'
import { openPublisher } from './publisher.js'

/** What the caller gave can't be taken: one line each. Exit code 1. */
export class InputError extends Error {}

/** The command was written wrongly: exit code 2, and where to read how it is written. */
export class UsageError extends Error {}

/** Where a command runs: a terminal, or a test's own. */
export interface Surroundings {
  env: NodeJS.ProcessEnv
  /** one line of what the command has to say */
  print(line: string): void
  /** one line or more of what went wrong */
  complain(text: string): void
  /** A new password, from whoever runs the command. Throws a UsageError when there is none. */
  readNewPassword(): Promise<string>
}

export interface Command {
  usage: string
  run(argv: string[], around: Surroundings): Promise<void>
}

export interface CommandContext extends ActionContext {
  config: Config
}

/**
 * Runs a command and returns its exit code: 0 done, 1 refused or failed, 2 written wrongly. `--help`, or no word at
 * all, prints the usage.
 */
export async function perform(
  { usage, run }: Command,
  argv: string[],
  around: Surroundings,
): Promise<number> {
  if (argv.length === 0 || argv.includes('--help') || argv.includes('-h') || argv[0] === 'help') {
    around.print(usage)
    return argv.length === 0 ? 2 : 0
  }
  try {
    await run(argv, around)
    return 0
  } catch (error) {
    around.complain(explain(error))
    if (!isUsage(error)) return 1
    around.complain(`\n${usage}`)
    return 2
  }
}

/** Opens the service's database, the embedded one when DATABASE_URL is unset, for as long as `work` runs. */
export async function withContext(
  { env }: Surroundings,
  work: (ctx: CommandContext) => Promise<void>,
): Promise<void> {
  const config = loadConfig(env, { dataDirectory: '.data' })
  if (config.databaseUrl !== null) return await withDatabase(config, config.databaseUrl, work)
  const server = await acquireMatchingServer(config)
  try {
    // on a fresh clone it is empty: as at a start; a server's own is migrated when the service starts
    if (!server.isCurrent) await applyMigrations(server.url)
    if (!config.isProduction) await loadDemoData(server.url)
    await withDatabase(config, server.url, work)
  } finally {
    await server.release()
  }
}

async function withDatabase(config: Config, url: string, work: (ctx: CommandContext) => Promise<void>) {
  const db: Database = createDatabase({ url, poolSize: 2, poolTimeoutMs: 10_000, statementTimeoutMs: 30_000 })
  const publisher = await openPublisher(config.redisUrl, db)
  try {
    await work({ config, db, live: publisher.live })
  } finally {
    await publisher.close()
    await db.$disconnect()
  }
}

function isUsage(error: unknown): boolean {
  if (error instanceof UsageError) return true
  // node:util's parseArgs
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

function explain(error: unknown): string {
  if (error instanceof DomainError) return error.message
  if (error instanceof ConfigError || error instanceof InputError || isUsage(error)) return messageOf(error)
  const text = messageOf(error)
  if (/relation "\w+" does not exist|does not exist in the current database/.test(text)) {
    return 'The database has no tables yet: run "npx prisma migrate deploy" first.'
  }
  return `It failed: ${text.trim().split('\n').at(-1)}`
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
