// @ts-check
// The environment of a command: the process's own variables, then those in `.env`.
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { inRoot, root } from './paths.mjs'
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

/**
 * Prints to stderr which database the command uses. Prints nothing without one: the command then fails with an error
 * that names the variable.
 *
 * @param {string} [embedded] the embedded server's folder
 */
export function announceDatabase(embedded = inRoot('.data/postgres'), env = process.env) {
  const { DATABASE_URL: url, NODE_ENV } = env
  const name = url
    ? withoutSecrets(url)
    : NODE_ENV === 'production'
      ? null
      : `embedded (${relative(root, embedded)})`
  if (name !== null) process.stderr.write(`houselights: database: ${name}\n`)
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
  return `${url.protocol}//${user ? `${user}@` : ''}${host}:${url.port || '5432'}${url.pathname}`
}
