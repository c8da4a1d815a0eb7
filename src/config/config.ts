import { resolve } from 'node:path'
import { readAllowedHosts, readListenHost, readPublicUrl, readTrustedProxies, readUrl } from './network.js'
import { type PushConfig, readPushHosts, readVapidKeys, resolveVapidKeys } from './push.js'
import { ConfigError, createReader, quote, type Reader } from './reader.js'
import { readSigningSecrets, readWebhookSecrets, resolveSigningSecrets } from './secrets.js'

export { ConfigError } from './reader.js'

const ENVIRONMENTS = ['development', 'test', 'production'] as const
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
/** seconds; browsers cap a cookie's lifetime at 400 days (RFC 6265bis) */
const LONGEST_COOKIE = 34_560_000
const MEBIBYTE = 1_048_576

export interface SessionConfig {
  cookieName: string
  /** seconds without an HTTP request after which a session ends */
  idleSeconds: number
  /** seconds after which it ends, even when active */
  absoluteSeconds: number
  secure: boolean
  sameSite: 'lax' | 'strict'
}

export interface SocketsConfig {
  /** bytes a client may send in one message */
  maxPayloadBytes: number
  /** seconds between pings */
  heartbeatSeconds: number
  /** open sockets of one user, over all nodes */
  maxPerUser: number
  /** refused handshakes in 10 s after which the rest of the window is 429 */
  maxRefusals: number
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

interface Settings {
  environment: (typeof ENVIRONMENTS)[number]
  isProduction: boolean
  /** absolute path; for what the service generates */
  dataDirectory: string
  host: string
  /** 0: any free port */
  port: number
  /** null: the embedded server */
  databaseUrl: string | null
  /** null: no Redis; other processes read events from the database */
  redisUrl: string | null
  /** cookie secrets: the first one signs, all verify; never empty */
  secrets: string[]
  /** lower case: exact hosts, `.example.com` for a domain and its subdomains, `*` for all */
  allowedHosts: string[]
  /** the origin that phones reach, for printed links; null: not known */
  publicUrl: string | null
  /** origins that may open sockets, besides the service's own */
  allowedOrigins: string[]
  /** proxies whose X-Forwarded-* headers are trusted, in proxy-addr's syntax; empty: none */
  trustedProxies: string[]
  session: SessionConfig
  sockets: SocketsConfig
  /** false lifts the refusal, login and request limits, but not `sockets.maxPerUser` */
  rateLimits: boolean
  /** minutes after which an unpaid online order is cancelled */
  orderPaymentMinutes: number
  /** seconds for which a node that is stopping goes on accepting after /readyz says so */
  lameDuckSeconds: number
  drainSeconds: number
  metricsToken: string | null
  eventRetentionHours: number
  /** days after which phones, chats and webhooks of ended orders are purged */
  personalDataDays: number
  payments: PaymentsConfig
  push: PushConfig
  logLevel: (typeof LOG_LEVELS)[number]
}

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T

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
  const environment = reader.oneOf('NODE_ENV', ENVIRONMENTS, 'development')
  const isProduction = environment === 'production'
  const givenSecrets = readSigningSecrets(reader, isProduction)
  const databaseUrl = readDatabaseUrl(reader, isProduction)
  const allowed = readAllowedHosts(reader)
  const publicUrl = readPublicUrl(reader, isProduction)
  const givenKeys = readVapidKeys(reader, publicUrl, allowed.hosts)
  const pushHosts = readPushHosts(reader, isProduction)
  const settings: Settings = {
    environment,
    isProduction,
    dataDirectory,
    host: readListenHost(reader),
    port: reader.integer('PORT', { default: 3000, min: 0, max: 65_535 }),
    databaseUrl,
    redisUrl: readUrl(reader, 'REDIS_URL', ['redis:', 'rediss:']),
    publicUrl,
    allowedHosts: allowed.hosts,
    allowedOrigins: allowed.origins,
    trustedProxies: readTrustedProxies(reader),
    session: readSession(reader, isProduction),
    sockets: readSockets(reader),
    rateLimits: readRateLimits(reader, isProduction),
    orderPaymentMinutes: reader.integer('ORDER_PAYMENT_MINUTES', { default: 30, min: 1, max: 10_080 }),
    lameDuckSeconds: reader.integer('LAME_DUCK_SECONDS', { default: isProduction ? 2 : 0, min: 0, max: 600 }),
    drainSeconds: reader.integer('DRAIN_SECONDS', { default: 5, min: 0, max: 600 }),
    metricsToken: readMetricsToken(reader),
    ...readRetention(reader),
    logLevel: reader.oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
    // last: only these write files, and an invalid configuration must leave none behind
    payments: readPayments(reader, dataDirectory, isProduction),
    secrets: resolveSigningSecrets(givenSecrets, dataDirectory),
    push: { keys: resolveVapidKeys(givenKeys, { dataDirectory, isProduction }), hosts: pushHosts },
  }
  return deepFreeze(settings)
}

function readDatabaseUrl(reader: Reader, isProduction: boolean): string | null {
  const url = readUrl(reader, 'DATABASE_URL', ['postgresql:', 'postgres:'])
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

function readSockets(reader: Reader): SocketsConfig {
  return {
    maxPayloadBytes: reader.integer('WS_MAX_PAYLOAD', { default: 16_384, min: 1, max: 16 * MEBIBYTE }),
    heartbeatSeconds: reader.integer('WS_HEARTBEAT_SECONDS', { default: 25, min: 1, max: 3600 }),
    maxPerUser: reader.integer('WS_MAX_PER_USER', { default: 20, min: 1, max: 1_000_000 }),
    maxRefusals: reader.integer('WS_REFUSALS', { default: 30, min: 1, max: 1_000_000 }),
  }
}

function readRateLimits(reader: Reader, isProduction: boolean): boolean {
  const on = reader.flag('RATE_LIMITS', true)
  if (on || !isProduction) return on
  throw new ConfigError('RATE_LIMITS', 'is off: production allows on only.')
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

function readMetricsToken(reader: Reader): string | null {
  const token = reader.text('METRICS_TOKEN')
  if (token === null || /^[\x21-\x7e]{1,512}$/.test(token)) return token
  throw new ConfigError(
    'METRICS_TOKEN',
    'cannot be sent in a header: allowed are 1 to 512 visible ASCII characters.',
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

function deepFreeze<T extends object>(value: T): DeepReadonly<T> {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null && !Object.isFrozen(part)) deepFreeze(part)
  }
  return Object.freeze(value) as DeepReadonly<T>
}
