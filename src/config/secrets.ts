import { randomBytes } from 'node:crypto'
import { constants, copyFileSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, type Reader } from './reader.js'
import type { Variable } from './variables.js'

/** characters; @fastify/session's minimum for a signing secret */
const MIN_LENGTH = 32

export interface GivenSecrets {
  /** null: generate one */
  key: string | null
  fallbacks: string[]
}

/** Checks SECRET_KEY and SECRET_KEY_FALLBACKS; writes nothing. */
export function readSigningSecrets(reader: Reader, isProduction: boolean): GivenSecrets {
  const key = reader.text('SECRET_KEY')
  if (key === null && isProduction) {
    throw new ConfigError(
      'SECRET_KEY',
      `is missing: production needs a random text of at least ${MIN_LENGTH} characters.`,
    )
  }
  if (key !== null && key.length < MIN_LENGTH) {
    throw new ConfigError('SECRET_KEY', `has ${key.length} characters: allowed are ${MIN_LENGTH} or more.`)
  }
  const fallbacks = reader.list('SECRET_KEY_FALLBACKS')
  const short = fallbacks.findIndex((secret) => secret.length < MIN_LENGTH)
  if (short >= 0) {
    throw new ConfigError(
      'SECRET_KEY_FALLBACKS',
      `entry ${short + 1} is too short: allowed are ${MIN_LENGTH} characters or more each.`,
    )
  }
  return { key, fallbacks }
}

/** All secrets that sign and verify, the signing one first; generates it when none was given. */
export function resolveSigningSecrets(given: GivenSecrets, dataDirectory: string): string[] {
  return [given.key ?? generatedSecret('SECRET_KEY', dataDirectory, 'secret-key'), ...given.fallbacks]
}

/** PAYMENT_WEBHOOK_SECRET, or the generated one, then its fallbacks. */
export function readWebhookSecrets(reader: Reader, dataDirectory: string): [string, ...string[]] {
  const current =
    reader.text('PAYMENT_WEBHOOK_SECRET') ??
    generatedSecret('PAYMENT_WEBHOOK_SECRET', dataDirectory, 'payment-webhook-secret')
  return [current, ...reader.list('PAYMENT_WEBHOOK_SECRET_FALLBACKS')]
}

/** What a generated secret looks like. */
export interface SecretForm {
  generate(): string
  isValid(secret: string): boolean
}

const RANDOM_TEXT: SecretForm = {
  generate: () => randomBytes(48).toString('base64url'),
  isValid: (secret) => secret.length >= MIN_LENGTH,
}

/**
 * The secret in a file of the data directory, generated on first use, readable by its owner only. Two processes that
 * start at once get the same one: each writes a file of its own, and only one can link it to the name.
 */
function generatedSecret(variable: Variable, dataDirectory: string, fileName: string): string {
  const path = join(dataDirectory, fileName)
  try {
    return readOrGenerate(path, RANDOM_TEXT)
  } catch (cause) {
    throw cannotHold(variable, path, cause)
  }
}

/** Throws the file system's error, or one without a code where the file is damaged. */
export const readOrGenerate = (path: string, form: SecretForm): string =>
  readGenerated(path, form) ?? createGenerated(path, form)

export function cannotHold(variable: Variable, path: string, cause: unknown): ConfigError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'damaged'
  return new ConfigError(
    variable,
    `is unset and ${JSON.stringify(path)} cannot hold a generated one (${code}): set ${variable}, or make that file readable and writable, or delete it.`,
  )
}

function readGenerated(path: string, { isValid }: SecretForm): string | null {
  let secret: string
  try {
    secret = readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  if (!isValid(secret)) throw new Error('damaged')
  return secret
}

function createGenerated(path: string, form: SecretForm): string {
  mkdirSync(join(path, '..'), { recursive: true })
  const own = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  writeFileSync(own, `${form.generate()}\n`, { mode: 0o600, flag: 'wx' })
  try {
    placeOnce(own, path)
  } finally {
    rmSync(own, { force: true })
  }
  const secret = readGenerated(path, form)
  if (secret === null) throw new Error('damaged')
  return secret
}

/** Links the file to its final name unless another process did so first. */
function placeOnce(own: string, path: string): void {
  try {
    linkSync(own, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    // a file system without hard links
    try {
      copyFileSync(own, path, constants.COPYFILE_EXCL)
    } catch (second) {
      if ((second as NodeJS.ErrnoException).code !== 'EEXIST') throw second
    }
  }
}
