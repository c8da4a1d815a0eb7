// @ts-check
// The environment of a command: the process's own variables, then those in `.env`.
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { inRoot, root } from './paths.mjs'
import { findProductionMark } from './production-mark.mjs'
import { ScriptError } from './run.mjs'

/**
 * Sets the variables in the file that HOUSELIGHTS_ENV_FILE names, or else in `.env` if it exists. A variable that is
 * already set, even to an empty value, keeps it.
 *
 * @throws {ScriptError} one line, when the file cannot be read
 */
export function loadEnvFile(env = process.env) {
  const { HOUSELIGHTS_ENV_FILE: named } = env
  const path = resolve(root, named || '.env')
  let text
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : 'unreadable'
    if (!named && code === 'ENOENT') return
    const subject = named ? `HOUSELIGHTS_ENV_FILE names ${JSON.stringify(named)}, which` : '.env'
    throw new ScriptError(`${subject} cannot be read (${code}): create it, or make it a readable file`)
  }
  for (const [name, value] of Object.entries(parseEnv(text.replace(/^\uFEFF/, '')))) env[name] ??= value
}

const REMEDY = 'set it, or name the service’s environment file with HOUSELIGHTS_ENV_FILE'

/**
 * Prints to stderr which database the command uses, and refuses the embedded one where it can't be the one that is meant:
 * migrations and accounts would go to a database that nobody serves, and the command would report success.
 *
 * @param {{ isRelease?: boolean }} [options] isRelease: this is a release folder, which has no embedded database
 * @throws {ScriptError} one line, when DATABASE_URL is unset in production or in a folder that serves production
 */
export function chooseDatabase({ isRelease = false } = {}) {
  // a command's usage: no database is opened
  if (process.argv.some((word) => word === '--help' || word === '-h')) return
  const why = process.env.DATABASE_URL ? null : whyNotEmbedded(isRelease)
  if (why !== null) throw new ScriptError(`DATABASE_URL is missing: ${why}`)
  announceDatabase(inRoot('.data/postgres'))
}

/**
 * @param {boolean} isRelease
 * @returns {string | null} null: the embedded database may be used
 */
function whyNotEmbedded(isRelease) {
  if (process.env.NODE_ENV === 'production')
    return `production needs the postgresql://… of its database: ${REMEDY}`
  if (isRelease) return `a release has no embedded database: ${REMEDY}`
  const mark = findProductionMark()
  if (mark === null) return null
  const file = mark.envFile === '' ? '' : ` (the service has read ${mark.envFile})`
  return `this folder serves production: ${REMEDY}${file}; if it no longer does, delete ${relative(root, mark.path)}`
}

/**
 * Prints to stderr which database the command uses. Prints nothing without a usable one: the command then fails with an
 * error that names the variable.
 *
 * @param {string} embedded the embedded server's folder
 * @param {NodeJS.ProcessEnv} [env]
 */
export function announceDatabase(embedded, env = process.env) {
  const { DATABASE_URL: url } = env
  const name = url ? withoutSecrets(url) : `embedded (${relative(root, embedded)})`
  if (name !== null) process.stderr.write(`houselights: database: ${name}\n`)
}

/** Prints the Django site's database to stderr: the gate has none of its own. */
export function announceGateDatabase({ DJANGO_DATABASE_URL: url } = process.env) {
  if (url) announceDatabase('', { DATABASE_URL: url })
}

/**
 * A database's URL without its password, and without options, which can contain one.
 *
 * @param {string} text
 */
function withoutSecrets(text) {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  const host = url.hostname || url.searchParams.get('host') || 'localhost'
  const user = url.username || url.searchParams.get('user')
  const schema = url.searchParams.get('schema')
  const database = `${url.protocol}//${user ? `${user}@` : ''}${host}:${url.port || '5432'}${url.pathname}`
  return schema ? `${database} (schema ${schema})` : database
}
