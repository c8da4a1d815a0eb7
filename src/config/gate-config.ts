import { readPostgresUrl } from './network.js'
import { ConfigError, createReader, quote, type Reader } from './reader.js'
import { type DeepReadonly, deepFreeze, readServerSettings, type ServerSettings } from './server-config.js'

/** bytes: sites that the gate stands in front of take larger messages than this service does */
const MAX_PAYLOAD = 1_048_576

interface GateSettings extends ServerSettings {
  django: {
    databaseUrl: string
    /** SECRET_KEY of the site, then its SECRET_KEY_FALLBACKS; never empty */
    secrets: [string, ...string[]]
    cookieName: string
  }
}

/** The validated, frozen configuration of the gate; what gate.json says is read apart. */
export type GateConfig = DeepReadonly<GateSettings>

/**
 * Reads the gate's environment. Writes nothing, and reads neither DATABASE_URL nor SECRET_KEY.
 *
 * @throws {ConfigError} at the first invalid value, with a one-line message for the operator
 */
export function loadGateConfig(env: NodeJS.ProcessEnv): GateConfig {
  const reader = createReader(env)
  const databaseUrl = readPostgresUrl(reader, 'DJANGO_DATABASE_URL')
  if (databaseUrl === null) {
    throw new ConfigError(
      'DJANGO_DATABASE_URL',
      'is missing: the gate needs the postgresql://… of the Django site’s database, of a role that may only read.',
    )
  }
  const current = reader.text('DJANGO_SECRET_KEY')
  if (current === null) {
    throw new ConfigError(
      'DJANGO_SECRET_KEY',
      'is missing: the gate needs the SECRET_KEY of the Django site.',
    )
  }
  return deepFreeze<GateSettings>({
    ...readServerSettings(reader, { maxPayload: MAX_PAYLOAD }),
    django: {
      databaseUrl,
      secrets: [current, ...reader.list('DJANGO_SECRET_KEY_FALLBACKS')],
      cookieName: readCookieName(reader),
    },
  })
}

function readCookieName(reader: Reader): string {
  const name = reader.text('DJANGO_SESSION_COOKIE_NAME') ?? 'sessionid'
  if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(name)) return name
  throw new ConfigError(
    'DJANGO_SESSION_COOKIE_NAME',
    `is ${quote(name)}: allowed are 1 to 64 letters, digits and !#$%&'*+-.^_\`|~.`,
  )
}
