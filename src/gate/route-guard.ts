import { sqlStateOf } from '../database/sql-state.js'
import { type DjangoDatabase, DjangoSchemaError, isDataError } from './django-database.js'
import type { GateRoute, Guard } from './gate-file.js'
import type { LiveSession } from './session-reader.js'

/** Whose rights a guard judges, and about what. */
export interface GuardSubject {
  session: LiveSession
  /** the path's, percent-decoded */
  parameters: Readonly<Record<string, string>>
}

/** A guard of a route as the database has understood it. */
export interface RouteGuard {
  /** false: `judgeFlags` is all of it */
  readonly usesQuery: boolean
  /** What the session alone says. */
  judgeFlags(session: LiveSession): boolean
  /** One query for all: which of them pass. Rejects when the database does not answer. */
  judge(subjects: readonly GuardSubject[], database: DjangoDatabase): Promise<boolean[]>
}

const FLAG_GUARDS: Record<Exclude<Guard['kind'], 'sql'>, (session: LiveSession) => boolean> = {
  user: () => true,
  staff: ({ isStaff, isSuperuser }) => isStaff || isSuperuser,
  superuser: ({ isSuperuser }) => isSuperuser,
}

/**
 * Prepares the guard of a route. For a SELECT the database is asked which types its parameters have, and whether its role
 * may run it.
 *
 * @throws {DjangoSchemaError} with the guard's place, when it can't be run
 */
export async function prepareGuard(database: DjangoDatabase, { guard }: GateRoute): Promise<RouteGuard> {
  if (guard.kind !== 'sql') {
    const judgeFlags = FLAG_GUARDS[guard.kind]
    return {
      usesQuery: false,
      judgeFlags,
      judge: async (all) => all.map(({ session }) => judgeFlags(session)),
    }
  }
  const { template, place } = guard
  try {
    const types = await readTypes(
      database,
      template.render((name) => `$${template.parameters.indexOf(name) + 1}`),
    )
    const prepared = new SqlGuard(guard, types)
    // with no row: asks for the privileges, and that it only reads
    await prepared.judge([], database)
    return prepared
  } catch (error) {
    const state = sqlStateOf(error)
    if (state === null || !/^(?:0A|22|25|42)/.test(state)) throw error
    throw new DjangoSchemaError(place, error instanceof Error ? error.message : 'is not valid')
  }
}

/** The types of `$1`, `$2` … as SQL writes them. */
async function readTypes(database: DjangoDatabase, text: string): Promise<string[]> {
  return database.read(async (query) => {
    await query(`PREPARE houselights_guard AS ${text}`, [])
    const rows = await query(
      `SELECT coalesce(array_to_json(parameter_types::text[]), '[]') AS types
       FROM pg_prepared_statements WHERE name = 'houselights_guard'`,
      [],
    )
    await query('DEALLOCATE houselights_guard', [])
    const types: unknown = rows[0]?.types
    return Array.isArray(types) ? types.map(String) : []
  })
}

/**
 * The only spelling of a value, by its type: PostgreSQL also reads `0x1`, `1_0` and ` 1` as integers, the upstream may read
 * them otherwise, and then the guard would have judged something else.
 */
const SPELLINGS: Record<string, RegExp> = {
  smallint: /^(?:0|-?[1-9]\d*)$/,
  integer: /^(?:0|-?[1-9]\d*)$/,
  bigint: /^(?:0|-?[1-9]\d*)$/,
  uuid: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
}

class SqlGuard implements RouteGuard {
  readonly usesQuery = true
  private readonly text: string
  private readonly parameters: readonly string[]
  private readonly types: readonly string[]

  constructor({ template, place }: Extract<Guard, { kind: 'sql' }>, types: readonly string[]) {
    this.parameters = template.parameters
    this.types = types
    const array = types.findIndex((type) => type.endsWith('[]'))
    if (array !== -1) {
      throw new DjangoSchemaError(
        place,
        `$${this.parameters[array]} is ${types[array]}: arrays can’t be bound`,
      )
    }
    const columns = this.parameters.map((_, i) => `p${i}`)
    const lists = ['$1::int[]', ...types.map((type, i) => `$${i + 2}::${type}[]`)]
    const guard = template.render((name) => `houselights_asked.p${this.parameters.indexOf(name)}`)
    this.text = `
      SELECT houselights_asked.n FROM unnest(${lists.join(', ')}) AS houselights_asked (${['n', ...columns].join(', ')})
      WHERE EXISTS (${guard}
      )`
  }

  judgeFlags(): boolean {
    return true
  }

  async judge(subjects: readonly GuardSubject[], database: DjangoDatabase): Promise<boolean[]> {
    if (subjects.every((subject) => this.isSpelt(subject))) return this.query(subjects, database)
    const spelt = subjects.filter((subject) => this.isSpelt(subject))
    const verdicts = await this.query(spelt, database)
    return subjects.map((subject) => verdicts[spelt.indexOf(subject)] ?? false)
  }

  private isSpelt(subject: GuardSubject): boolean {
    return this.parameters.every((name, i) => {
      const spelling = SPELLINGS[this.types[i] ?? '']
      return !(name in subject.parameters) || !spelling || spelling.test(subject.parameters[name] ?? '')
    })
  }

  private async query(subjects: readonly GuardSubject[], database: DjangoDatabase): Promise<boolean[]> {
    const values = [
      subjects.map((_, i) => i),
      ...this.parameters.map((name) => subjects.map((subject) => valueFor(subject, name))),
    ]
    try {
      const rows = await database.read((query) => query(this.text, values))
      const passed = new Set(rows.map(({ n }) => n))
      return subjects.map((_, i) => passed.has(i))
    } catch (error) {
      // a value that does not parse is nobody's; of several the others must not suffer from it
      if (!isDataError(error) || subjects.length === 0) throw error
      if (subjects.length === 1) return [false]
      const middle = subjects.length >> 1
      const first = await this.query(subjects.slice(0, middle), database)
      return [...first, ...(await this.query(subjects.slice(middle), database))]
    }
  }
}

function valueFor({ session, parameters }: GuardSubject, name: string): string | null {
  if (name === 'user') return session.userId
  if (name === 'session') return session.key
  return parameters[name] ?? null
}
