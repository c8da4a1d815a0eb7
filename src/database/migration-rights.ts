import pg from 'pg'
import { schemaOf } from './database-url.js'
import { MigrationError } from './migration-error.js'

const NOT_ALLOWED = 'not_allowed'
const MIGRATE = 'run "npx prisma migrate deploy" (in a release "node command.js migrate deploy")'

interface Rights {
  role: string
  /** to create the schema, where there is none yet, or tables in it */
  mayCreate: boolean
  hasSchema: boolean
  /** who owns the tables that are there; null: the role, or a role that it belongs to */
  foreignOwner: string | null
  isReadOnly: boolean
}

const READ_RIGHTS = `
SELECT current_user AS role, n.oid IS NOT NULL AS "hasSchema",
  coalesce(has_schema_privilege(n.oid, 'CREATE'), has_database_privilege(current_database(), 'CREATE')) AS "mayCreate",
  (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = '_prisma_migrations'
    AND NOT pg_has_role(c.relowner, 'USAGE')) AS "foreignOwner",
  pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS "isReadOnly"
FROM (SELECT 1) one LEFT JOIN pg_namespace n ON n.nspname = $1`

/**
 * Checks that the role may apply migrations before one is begun: one that fails half-way blocks all later ones. Does
 * nothing when the database can't be asked: the schema engine reports why.
 * @throws {MigrationError} `not_allowed`, naming the right that is missing
 */
export async function assertMayMigrate(url: string): Promise<void> {
  const schema = schemaOf(url)
  const rights = await readRights(url, schema)
  if (rights === null) return
  const { role } = rights
  if (rights.isReadOnly) {
    throw new MigrationError(
      'DATABASE_URL leads to a read-only server, and migrations are pending: connect to the primary',
      NOT_ALLOWED,
    )
  }
  if (rights.foreignOwner !== null) {
    throw new MigrationError(
      `migrations are pending, and the tables in schema ${schema} belong to ${rights.foreignOwner}, not to DATABASE_URL’s role ${role}: ${MIGRATE} with the DATABASE_URL of ${rights.foreignOwner}`,
      NOT_ALLOWED,
    )
  }
  if (rights.mayCreate) return
  const [what, cure] = rights.hasSchema
    ? [
        `create tables in schema ${schema}`,
        `GRANT USAGE, CREATE ON SCHEMA ${quote(schema)} TO ${quote(role)};`,
      ]
    : [`create the schema ${schema}`, `CREATE SCHEMA ${quote(schema)} AUTHORIZATION ${quote(role)};`]
  throw new MigrationError(
    `migrations are pending, and DATABASE_URL’s role ${role} may not ${what}: ${MIGRATE} with the DATABASE_URL of a role that may, or, as the database’s owner, ${cure}`,
    NOT_ALLOWED,
  )
}

/** The role may not even read which migrations were applied. */
export function mayNotRead(role: string, schema: string): MigrationError {
  const [to, from] = [quote(role), quote(schema)]
  return new MigrationError(
    `DATABASE_URL’s role ${role} may not read the tables in schema ${schema}: as their owner, GRANT USAGE ON SCHEMA ${from} TO ${to}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${from} TO ${to}; GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA ${from} TO ${to};`,
    NOT_ALLOWED,
  )
}

const quote = (name: string) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : pg.escapeIdentifier(name))

async function readRights(url: string, schema: string): Promise<Rights | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 15_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query<Rights>(READ_RIGHTS, [schema])).rows[0] ?? null
  } catch {
    return null
  } finally {
    await client.end().catch(() => {})
  }
}
