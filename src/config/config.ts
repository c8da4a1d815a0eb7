import { resolve } from 'node:path'
import { readPostgresUrl, readPublicUrl, readUrl } from './network.js'
import { type PushConfig, readPushHosts, readVapidKeys, resolveVapidKeys } from './push.js'
import { ConfigError, createReader, quote, type Reader } from './reader.js'
import { readSigningSecrets, readWebhookSecrets, resolveSigningSecrets } from './secrets.js'
import { type DeepReadonly, deepFreeze, readServerSettings, type ServerSettings } from './server-config.js'
import { readTracing, type TracingConfig } from './tracing.js'

export { ConfigError } from './reader.js'

/** seconds; browsers cap a cookie's lifetime at 400 days (RFC 6265bis) */
const LONGEST_COOKIE = 34_560_000

export interface SessionConfig {
  cookieName: string
  /** seconds without an HTTP request after which a session ends */
  idleSeconds: number
  /** seconds after which it ends, even when active */
  absoluteSeconds: number
  secure: boolean
  sameSite: 'lax' | 'strict'
}

export type PaymentsConfig = {
  /** the current one first, then fallbacks; never empty */
  webhookSecrets: [string, ...string[]]
  /** late and second captures are given back without being asked */
  autoRefund: boolean
} & ({ provider: 'simulated' } | { provider: 'razorpay'; keys: RazorpayKeys | null; apiUrl: string | null })

/** null: starting a payment is 503; everything else works */
export interface RazorpayKeys {
  id: string
  secret: string
}

interface Settings extends ServerSettings {
  /** absolute path; for what the service generates */
  dataDirectory: string
  /** null: the embedded server */
  databaseUrl: string | null
  /** null: no Redis; other processes read events from the database */
  redisUrl: string | null
  /** cookie secrets: the first one signs, all verify; never empty */
  secrets: string[]
  /** the origin that phones reach, for printed links; null: not known */
  publicUrl: string | null
  session: SessionConfig
  /** minutes after which an unpaid online order is cancelled */
  orderPaymentMinutes: number
  eventRetentionHours: number
  /** days after which phones, chats and webhooks of ended orders are purged */
  personalDataDays: number
  payments: PaymentsConfig
  push: PushConfig
  /** null: off */
  tracing: TracingConfig | null
}

/** The validated, frozen configuration. */
export type Config = DeepReadonly<Settings>

/**
 * Reads the environment; no other code does. Its only side effect is generating missing secrets in the data directory.
 *
 * @throws {ConfigError} at the first invalid value, with a one-line message for the operator
 */
export function loadConfig(env: NodeJS.ProcessEnv, options: { dataDirectory: string }): Config {
  const reader = createReader(env)
  const dataDirectory = resolve(options.dataDirectory)
  const server = readServerSettings(reader)
  const { isProduction } = server
  const givenSecrets = readSigningSecrets(reader, isProduction)
  const databaseUrl = readDatabaseUrl(reader, isProduction)
  const publicUrl = readPublicUrl(reader, isProduction)
  const givenKeys = readVapidKeys(reader, publicUrl, server.allowedHosts)
  const pushHosts = readPushHosts(reader, isProduction)
  const settings: Settings = {
    ...server,
    dataDirectory,
    databaseUrl,
    redisUrl: readUrl(reader, 'REDIS_URL', ['redis:', 'rediss:']),
    publicUrl,
    session: readSession(reader, isProduction),
    orderPaymentMinutes: reader.integer('ORDER_PAYMENT_MINUTES', { default: 30, min: 1, max: 10_080 }),
    ...readRetention(reader),
    tracing: readTracing(reader),
    // last: only these write files, and an invalid configuration must leave none behind
    payments: readPayments(reader, dataDirectory, isProduction),
    secrets: resolveSigningSecrets(givenSecrets, dataDirectory),
    push: { keys: resolveVapidKeys(givenKeys, { dataDirectory, isProduction }), hosts: pushHosts },
  }
  return deepFreeze(settings)
}

/**
 * DATABASE_URL alone, for migrations: the owner of the tables need not have the service's other settings.
 *
 * @throws {ConfigError} when it is unset or invalid
 */
export function loadDatabaseUrl(env: NodeJS.ProcessEnv): string {
  const url = readDatabaseUrl(createReader(env), false)
  if (url !== null) return url
  throw new ConfigError('DATABASE_URL', 'is missing: set the postgresql://… of the database to migrate.')
}

function readDatabaseUrl(reader: Reader, isProduction: boolean): string | null {
  const url = readPostgresUrl(reader, 'DATABASE_URL')
  if (url !== null || !isProduction) return url
  throw new ConfigError('DATABASE_URL', 'is missing: production needs the postgresql://… of its database.')
}

function readSession(reader: Reader, isProduction: boolean): SessionConfig {
  const secure = reader.flag('SESSION_COOKIE_SECURE', isProduction)
  const sameSite = reader.oneOf('SESSION_COOKIE_SAMESITE', ['Lax', 'Strict'], 'Lax')
  return {
    cookieName: readCookieName(reader, secure),
    idleSeconds: reader.integer('SESSION_COOKIE_AGE', { default: 3600, min: 1, max: LONGEST_COOKIE }),
    absoluteSeconds: reader.integer('SESSION_ABSOLUTE_AGE', { default: 43_200, min: 1, max: LONGEST_COOKIE }),
    secure,
    sameSite: sameSite === 'Lax' ? 'lax' : 'strict',
  }
}

function readCookieName(reader: Reader, secure: boolean): string {
  const name = reader.text('SESSION_COOKIE_NAME') ?? (secure ? '__Host-sessionid' : 'sessionid')
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(name)) {
    throw new ConfigError(
      'SESSION_COOKIE_NAME',
      `is ${quote(name)}: allowed are 1 to 64 letters, digits and !#$%&'*+-.^_\`|~.`,
    )
  }
  // browsers silently drop such a cookie, so every sign-in would fail
  if (!secure && /^__(host|secure)-/i.test(name)) {
    throw new ConfigError(
      'SESSION_COOKIE_NAME',
      `is ${quote(name)} while SESSION_COOKIE_SECURE is false: the prefixes __Host- and __Secure- are allowed on secure cookies only.`,
    )
  }
  return name
}

function readRetention(reader: Reader): Pick<Settings, 'eventRetentionHours' | 'personalDataDays'> {
  const personalDataDays = reader.integer('PERSONAL_DATA_DAYS', { default: 30, min: 1, max: 3650 })
  const eventRetentionHours = reader.integer('EVENT_RETENTION_HOURS', { default: 24, min: 1, max: 8760 })
  const most = 24 * personalDataDays
  if (eventRetentionHours <= most) return { eventRetentionHours, personalDataDays }
  // events hold chat texts, which would outlive their messages
  throw new ConfigError(
    'EVENT_RETENTION_HOURS',
    `is ${eventRetentionHours}: with PERSONAL_DATA_DAYS ${personalDataDays}, allowed are 1 to ${most}.`,
  )
}

function readPayments(reader: Reader, dataDirectory: string, isProduction: boolean): PaymentsConfig {
  const provider = reader.oneOf('PAYMENT_PROVIDER', ['simulated', 'razorpay'], 'simulated')
  if (provider === 'simulated' && isProduction) {
    throw new ConfigError('PAYMENT_PROVIDER', 'is simulated: production allows razorpay only.')
  }
  const keys = provider === 'razorpay' ? readRazorpayKeys(reader) : null
  const apiUrl = readUrl(reader, 'RAZORPAY_API_URL', ['https:', 'http:'])?.replace(/\/+$/, '') ?? null
  const common = {
    webhookSecrets: readWebhookSecrets(reader, dataDirectory),
    autoRefund: reader.flag('AUTO_REFUND', true),
  }
  return provider === 'simulated' ? { provider, ...common } : { provider, keys, apiUrl, ...common }
}

function readRazorpayKeys(reader: Reader): RazorpayKeys | null {
  const id = reader.text('RAZORPAY_KEY_ID')
  const secret = reader.text('RAZORPAY_KEY_SECRET')
  if (id === null && secret === null) return null
  if (id !== null && secret !== null) return { id, secret }
  throw new ConfigError(
    id === null ? 'RAZORPAY_KEY_ID' : 'RAZORPAY_KEY_SECRET',
    'is missing: Razorpay’s dashboard gives both, and neither works alone.',
  )
}
