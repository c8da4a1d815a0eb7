import { loadDatabaseUrl } from '../config/config.js'
import { settleDatabaseUrl } from '../database/database-url.js'
import { applyMigrations, migrationState, type State } from '../database/migrate.js'
import { type Command, type CommandIo, InputError, UsageError } from './command.js'

const USAGE = `Migrates the database that DATABASE_URL names, in a release, which has no Prisma CLI. The role must own the tables.

  node command.js migrate deploy    applies what is pending, as the nodes do when they start
  node command.js migrate status    exits with 1 when something is pending`

const STATES: Record<State, string> = {
  current: 'The database has all migrations of this version.',
  behind: 'Migrations are pending, or the database can’t be read.',
  newer: 'The database has all migrations of this version, and later ones.',
  'unknown migrations': 'The database has migrations that this version does not have.',
  'no database': 'The database does not exist yet; deploy creates it.',
}

async function deploy({ env, print }: CommandIo): Promise<void> {
  const applied = await applyMigrations(await settleDatabaseUrl(loadDatabaseUrl(env)))
  for (const name of applied) print(`Applied ${name}.`)
  print(STATES.current)
}

async function status({ env, print }: CommandIo): Promise<void> {
  const state = await migrationState(await settleDatabaseUrl(loadDatabaseUrl(env)))
  if (state !== 'current' && state !== 'newer') throw new InputError(STATES[state])
  print(STATES[state])
}

/** `node command.js migrate`, in a release */
export const migrateCommand: Command = {
  usage: USAGE,
  async run([verb = '', ...rest], io) {
    if (rest.length > 0) throw new UsageError(`Unexpected argument: ${rest.join(' ')}.`)
    if (verb === 'deploy') await deploy(io)
    else if (verb === 'status') await status(io)
    else throw new UsageError(`Unknown command: migrate ${verb}.`)
  },
}
