// @ts-check
// Errors of the driver and of the WebAssembly engine, in the form that the Prisma CLI shows.
// Codes and texts: https://www.prisma.io/docs/orm/reference/error-reference

/** @typedef {{ is_panic: boolean, message: string, meta: unknown, error_code?: string }} UserFacing */

/** The CLI drops the first line of stderr and parses every other line as JSON. */
export function logError(/** @type {UserFacing} */ error) {
  const at = new Date().toISOString()
  const line = (/** @type {string} */ level, /** @type {object} */ fields) =>
    `${JSON.stringify({ timestamp: at, level, fields, target: 'schema_engine::logger' })}\n`
  process.stderr.write(
    line('INFO', { message: 'Starting schema engine CLI' }) + line('ERROR', { ...error, git_hash: '' }),
  )
}

/** The engine reports an adapter's error with Prisma's message, but not always with its code. */
const CODE_BY_MESSAGE = /** @type {const} */ ([
  [/^Authentication failed against database server/, 'P1000'],
  [/^Can't reach database server/, 'P1001'],
  [/^Database `.*` does not exist/, 'P1003'],
  [/^User .*was denied access on the database/, 'P1010'],
  [/^Server has closed the connection/, 'P1017'],
])

/** Node's and OpenSSL's codes, and the driver's texts */
const TLS_CODES = /CERT|SIGNATURE|INVALID_CA|INVALID_PURPOSE|^EPROTO$|^ERR_SSL_|^ERR_OSSL_/
const TLS_TEXTS = new Set([
  'The server does not support SSL connections',
  'There was an error establishing an SSL connection',
])

/** @typedef {{ host?: string, port?: number, user?: string, database?: string }} Target */

/**
 * @param {unknown} error of the driver (with the server in `target`) or of the engine
 * @returns {UserFacing}
 */
export function toUserFacing(error) {
  const failure = /** @type {{ code?: unknown, message?: string, meta?: unknown, target?: Target }} */ (
    error instanceof Error ? error : new Error(String(error))
  )
  const target = failure.target ?? {}
  const code = typeof failure.code === 'string' ? failure.code : ''
  const where = `\`${target.host ?? ''}:${target.port ?? ''}\``
  switch (code) {
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOENT':
    case 'ETIMEDOUT':
      return known(
        'P1001',
        `Can't reach database server at ${where}\n\nPlease make sure your database server is running at ${where}.`,
      )
    case '28P01':
    case '28000':
      return known(
        'P1000',
        `Authentication failed against database server, the provided database credentials for \`${target.user ?? ''}\` are not valid.\n\nPlease make sure to provide valid database credentials for the database server at the configured address.`,
      )
    case '3D000':
      return known('P1003', `Database \`${target.database ?? ''}\` does not exist`)
    case '42P04':
    // two processes created it at the same time: no other direct statement can violate a unique key
    case '23505':
      return known('P1009', `Database \`${target.database ?? ''}\` already exists on the database server`)
    case '42501':
      return known('P1010', `User was denied access on the database \`${target.database ?? ''}\``)
    case 'ECONNRESET':
    case '57P01':
      return known('P1017', 'Server has closed the connection.')
  }
  if (TLS_CODES.test(code) || TLS_TEXTS.has(failure.message ?? '')) {
    return known('P1011', `Error opening a TLS connection: ${failure.message}`)
  }
  if (/^P\d{4}$/.test(code)) {
    return { is_panic: false, message: failure.message ?? '', meta: failure.meta ?? {}, error_code: code }
  }
  const [, messageCode] = CODE_BY_MESSAGE.find(([pattern]) => pattern.test(failure.message ?? '')) ?? []
  if (messageCode !== undefined) return known(messageCode, failure.message ?? '')
  // never reported as a panic: the CLI would offer to send it to Prisma, who do not maintain this setup
  return { is_panic: false, message: failure.message ?? String(error), meta: null }
}

/**
 * Adds the database's message to the error of a failed script, for which the engine has only "external connector error"
 * and its own trace. For a migration the native engine reports P3018.
 * @param {UserFacing} error
 * @param {{ code: string, message: string }} script
 * @returns {UserFacing}
 */
export function withScriptError(error, script) {
  const at = error.message.indexOf('external connector error')
  if (at === -1) return error
  const migration = /apply_script\s+with migration_name="(.+?)"/.exec(error.message)?.[1]
  if (migration === undefined) return { ...error, message: error.message.slice(0, at) + script.message }
  return known(
    'P3018',
    `A migration failed to apply. New migrations cannot be applied before the error is recovered from. Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve\n\nMigration name: ${migration}\n\nDatabase error code: ${script.code}\n\nDatabase error:\n${script.message}`,
  )
}

/** @returns {UserFacing} */
function known(/** @type {string} */ code, /** @type {string} */ message) {
  return { is_panic: false, message, meta: {}, error_code: code }
}
