/** A guard's SELECT, its parameters found. */
export interface GuardTemplate {
  /** the names without `$`, each once, in the order of their first use */
  parameters: string[]
  /** The SELECT with each parameter replaced by an expression. */
  render(expressionOf: (parameter: string) => string): string
}

/** Strings, quoted names, comments, dollar quotes, `$1`, `$name`, names, which may hold a `$`. */
const TOKENS =
  /[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$(?:[A-Za-z_]\w*)?\$|\$\d+|\$([A-Za-z_]\w*)|;|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/g

/**
 * Finds the parameters of a guard; `known` are those that may occur. Throws an Error whose message says what is wrong.
 * What the SELECT means is left to the database, which is asked for the parameters' types at the start.
 */
export function parseGuard(sql: string, known: readonly string[]): GuardTemplate {
  const text = sql.trim().replace(/;\s*$/, '')
  if (!/^(?:select|with)\b/i.test(text)) throw new Error('must be one SELECT')
  const parts: { text: string; parameter: string | null }[] = []
  let end = 0
  for (const match of text.matchAll(TOKENS)) {
    const [token, parameter] = match
    if (token === ';') throw new Error('must be one SELECT')
    if (/^\$(?:\w*)\$$/.test(token)) throw new Error('must not contain dollar-quoted text')
    if (/^\$\d/.test(token)) throw new Error(`contains ${token}: parameters have names, as $user`)
    if (parameter === undefined) continue
    if (!known.includes(parameter)) {
      const names = known.map((name) => `$${name}`).join(', ')
      throw new Error(`contains $${parameter}, which is none of its parameters: ${names}`)
    }
    parts.push({ text: text.slice(end, match.index), parameter })
    end = match.index + token.length
  }
  parts.push({ text: text.slice(end), parameter: null })
  return {
    parameters: [...new Set(parts.flatMap(({ parameter }) => parameter ?? []))],
    render: (expressionOf) =>
      parts.map(({ text, parameter }) => text + (parameter === null ? '' : expressionOf(parameter))).join(''),
  }
}
