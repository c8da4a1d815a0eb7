import type pg from 'pg'
import { projectMigrations } from '../database/migrate.js'

/** A table of the service, with what a copy of it needs. */
export interface Table {
  name: string
  /** without generated ones */
  columns: string[]
}

export interface Sequence {
  name: string
  table: string
  column: string
}

/** null where there is none yet */
const READ_TABLES = `
SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns,
  ARRAY(SELECT DISTINCT t.relname::text FROM pg_constraint k JOIN pg_class t ON t.oid = k.confrelid
    WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid) AS needs
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname = ANY($2)
GROUP BY c.oid, c.relname ORDER BY c.relname`

/**
 * The tables of the service that a schema has, each behind those that its foreign keys refer to. `names` are those that
 * migrations create: other applications may have tables in the same schema.
 */
export async function readTables(
  client: pg.ClientBase,
  schema: string,
  names: readonly string[],
): Promise<Table[]> {
  const { rows } = await client.query<Table & { needs: string[] }>(READ_TABLES, [schema, names])
  const sorted: Table[] = []
  let rest = rows
  while (rest.length > 0) {
    const isWaiting = (name: string) => rest.some((table) => table.name === name)
    const ready = rest.filter(({ needs }) => !needs.some(isWaiting))
    if (ready.length === 0) throw new Error(`foreign keys in a circle: ${rest.map(({ name }) => name)}`)
    sorted.push(...ready.map(({ name, columns }) => ({ name, columns })))
    rest = rest.filter((table) => !ready.includes(table))
  }
  return sorted
}

const READ_SEQUENCES = `
SELECT s.relname AS name, t.relname AS table, a.attname AS column
FROM pg_class s JOIN pg_namespace n ON n.oid = s.relnamespace
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype IN ('a', 'i')
JOIN pg_class t ON t.oid = d.refobjid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE s.relkind = 'S' AND n.nspname = $1 AND t.relname = ANY($2) ORDER BY 1`

/** The sequences that give the tables their ids. */
export async function readSequences(
  client: pg.ClientBase,
  schema: string,
  tables: readonly string[],
): Promise<Sequence[]> {
  return (await client.query<Sequence>(READ_SEQUENCES, [schema, tables])).rows
}

/** The tables that migrations create, by their SQL. */
export function tablesIn(migrations: readonly { sql: string }[]): string[] {
  const created = migrations.flatMap(({ sql }) => [...sql.matchAll(/^CREATE TABLE "?(\w+)"?/gm)])
  return created.map(([, name = '']) => name)
}

/** The names of the service's tables, each behind those that it refers to. */
export async function readTableNames(client: pg.ClientBase, schema: string): Promise<string[]> {
  return (await readTables(client, schema, tablesIn(projectMigrations()))).map(({ name }) => name)
}

/** Whether migrations were applied, or have begun. */
export async function hasMigrations(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ exists: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS exists`,
  )
  return rows[0]?.exists === true
}
