const MAX_KNOWN = 500
const known = new Map<string, string>()

/**
 * What a statement does, as in OpenTelemetry's `db.query.summary`: its kind and the first table or function that it names.
 * It holds nothing else of the text.
 */
export function statementSummary(text: string): string {
  const before = known.get(text)
  if (before !== undefined) return before
  const summary = summarize(text)
  if (known.size < MAX_KNOWN) known.set(text, summary)
  return summary
}

const WORDS =
  /\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM|FROM|CALL)\s+(?:ONLY\s+)?(?:"?[a-z_]\w*"?\.)?"?([a-z_]\w*)/i

function summarize(text: string): string {
  const [first = ''] = /^\s*[a-z]+/i.exec(text) ?? []
  const kind = first.trim().toUpperCase()
  const [, clause = '', table = ''] = WORDS.exec(text) ?? []
  if (table === '') return kind
  const own = clause.split(/\s/)[0]?.toUpperCase()
  // of a WITH, what its first part does
  return `${own === 'FROM' ? (kind === 'WITH' ? 'SELECT' : kind) : own} ${table}`
}
