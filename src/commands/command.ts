import { BackupError, BackupFileError } from '../backup/backup-errors.js'
import { type Config, ConfigError, loadConfig } from '../config/config.js'
import { createDatabase, type Database } from '../database/client.js'
import { settleDatabaseUrl } from '../database/database-url.js'
import { DatabaseUrlError } from '../database/database-url-error.js'
import { acquireMatchingServer } from '../database/embedded-database.js'
import { applyMigrations, MigrationError } from '../database/migrate.js'
import { loadDemoData } from '../demo-data.js'
import { DomainError } from '../errors.js'
import type { ActionContext } from '../events/commit.js'
import { explainStart } from '../start-error.js'
import { withNotifications } from './notifications.js'
import { createPublisher } from './publisher.js'

/** Invalid input, one problem per line. Exit code 1. */
export class InputError extends Error {}

/** Wrong arguments. Exit code 2, and the usage is printed. */
export class UsageError extends Error {}

/** A command's environment, input and output. */
export interface CommandIo {
  env: NodeJS.ProcessEnv
  print(line: string): void
  /** one line or more */
  printError(text: string): void
  /** Reads a new password from the user. Throws a UsageError if none is given. */
  readNewPassword(): Promise<string>
  /** Asks the user at a terminal for a yes; null where there is none. */
  confirm(question: string): Promise<boolean | null>
}

export interface Command {
  usage: string
  /** whether no arguments are a mistake; true unless given */
  needsArguments?: boolean
  run(argv: string[], io: CommandIo): Promise<void>
}

export interface CommandContext extends ActionContext {
  config: Config
}

/**
 * Runs a command and returns its exit code: 0 success, 1 failure, 2 wrong arguments. `--help`, or no arguments where it
 * needs some, prints the usage.
 */
export async function execute(command: Command, argv: string[], io: CommandIo): Promise<number> {
  const { usage, run, needsArguments = true } = command
  const isBare = argv.length === 0 && needsArguments
  if (isBare || argv.includes('--help') || argv.includes('-h') || argv[0] === 'help') {
    io.print(usage)
    return isBare ? 2 : 0
  }
  try {
    await run(argv, io)
    return 0
  } catch (error) {
    io.printError(explain(error))
    if (!isUsage(error)) return 1
    io.printError(`\n${usage}`)
    return 2
  }
}

/** Opens the service's database (the embedded one if DATABASE_URL is unset) while `work` runs. */
export async function withContext(
  io: CommandIo,
  work: (ctx: CommandContext) => Promise<void>,
): Promise<void> {
  const config = loadConfig(io.env, { dataDirectory: '.data' })
  if (config.databaseUrl !== null) {
    return await withDatabase(config, await settleDatabaseUrl(config.databaseUrl), io, work)
  }
  const server = await acquireMatchingServer(config)
  try {
    // an embedded database may be new, so prepare it as a start does; an external one is migrated by the service
    if (!server.isCurrent) await applyMigrations(server.url)
    if (!config.isProduction) await loadDemoData(server.url)
    await withDatabase(config, server.url, io, work)
  } finally {
    await server.release()
  }
}

async function withDatabase(
  config: Config,
  url: string,
  io: CommandIo,
  work: (ctx: CommandContext) => Promise<void>,
): Promise<void> {
  const db: Database = createDatabase({
    url,
    poolSize: 2,
    poolTimeoutMs: 10_000,
    statementTimeoutMs: 30_000,
    // a command asks too little to find out whether a pooler forgets them
    prepares: false,
  })
  const publisher = await createPublisher(config.redisUrl, db)
  const notifying = withNotifications(publisher.live, db, config, (line) => io.printError(line))
  try {
    await work({ config, db, live: notifying.live })
  } finally {
    await Promise.all([publisher.close(), notifying.close()])
    await db.$disconnect()
  }
}

function isUsage(error: unknown): boolean {
  if (error instanceof UsageError) return true
  // thrown by node:util's parseArgs
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

function explain(error: unknown): string {
  if (error instanceof DomainError) return error.message
  if (
    error instanceof ConfigError ||
    error instanceof DatabaseUrlError ||
    error instanceof InputError ||
    error instanceof BackupError ||
    error instanceof BackupFileError ||
    isUsage(error)
  )
    return messageOf(error)
  if (error instanceof MigrationError) return explainStart(error)
  const text = messageOf(error)
  if (/relation "\w+" does not exist|does not exist in the current database/.test(text)) {
    return 'The database has no tables yet: run "npx prisma migrate deploy" first.'
  }
  return `The command failed: ${text.trim().split('\n').at(-1)}`
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
