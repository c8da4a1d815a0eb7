import { createHash } from 'node:crypto'

const UNNAMED = ''
/** Texts that get a name. The service has about two hundred; more come only from lists of varying length. */
const MAX_NAMES = 500

/**
 * Names for prepared statements: each connection then parses and plans a text once instead of at every call, which halves
 * the client's CPU as well. The same text has the same name in every process. Texts beyond a limit get none, so that a
 * server keeps a bounded number of statements for a connection.
 */
export function statementNames(max = MAX_NAMES): (query: { sql: string }) => string {
  const names = new Map<string, string>()
  return ({ sql }) => {
    const known = names.get(sql)
    if (known !== undefined) return known
    if (names.size >= max || isControl(sql)) return UNNAMED
    const name = `hl_${createHash('sha256').update(sql).digest('base64url').slice(0, 22)}`
    names.set(sql, name)
    return name
  }
}

/** BEGIN, COMMIT and the like have no plan: as simple queries they take one message instead of five. */
const isControl = (sql: string): boolean => /^(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET)\b/.test(sql)
