import { readAllowedHosts, readListenHost, readTrustedProxies } from './network.js'
import { ConfigError, type Reader } from './reader.js'

const ENVIRONMENTS = ['development', 'test', 'production'] as const
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
const MEBIBYTE = 1_048_576

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

/** What the service and the gate have in common: where to listen, whom to trust, what a client may cost. */
export interface ServerSettings {
  environment: (typeof ENVIRONMENTS)[number]
  isProduction: boolean
  host: string
  /** 0: any free port */
  port: number
  /** lower case: exact hosts, `.example.com` for a domain and its subdomains, `*` for all */
  allowedHosts: string[]
  /** origins that may open sockets, besides the service's own */
  allowedOrigins: string[]
  /** proxies whose X-Forwarded-* headers are trusted, in proxy-addr's syntax; empty: none */
  trustedProxies: string[]
  sockets: SocketsConfig
  /** false disables every limit on rates, but not `sockets.maxPerUser` */
  rateLimits: boolean
  /** seconds for which a node that is stopping goes on accepting after /readyz says so */
  lameDuckSeconds: number
  drainSeconds: number
  metricsToken: string | null
  logLevel: (typeof LOG_LEVELS)[number]
}

export type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T

export type ServerConfig = DeepReadonly<ServerSettings>

/** @param maxPayload the default of WS_MAX_PAYLOAD, bytes */
export function readServerSettings(reader: Reader, { maxPayload = 16_384 } = {}): ServerSettings {
  const environment = reader.oneOf('NODE_ENV', ENVIRONMENTS, 'development')
  const isProduction = environment === 'production'
  const allowed = readAllowedHosts(reader)
  return {
    environment,
    isProduction,
    host: readListenHost(reader),
    port: reader.integer('PORT', { default: 3000, min: 0, max: 65_535 }),
    allowedHosts: allowed.hosts,
    allowedOrigins: allowed.origins,
    trustedProxies: readTrustedProxies(reader),
    sockets: readSockets(reader, maxPayload),
    rateLimits: readRateLimits(reader, isProduction),
    lameDuckSeconds: reader.integer('LAME_DUCK_SECONDS', { default: isProduction ? 2 : 0, min: 0, max: 600 }),
    drainSeconds: reader.integer('DRAIN_SECONDS', { default: 5, min: 0, max: 600 }),
    metricsToken: readMetricsToken(reader),
    logLevel: reader.oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
  }
}

function readSockets(reader: Reader, maxPayload: number): SocketsConfig {
  return {
    maxPayloadBytes: reader.integer('WS_MAX_PAYLOAD', { default: maxPayload, min: 1, max: 16 * MEBIBYTE }),
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

function readMetricsToken(reader: Reader): string | null {
  const token = reader.text('METRICS_TOKEN')
  if (token === null || /^[\x21-\x7e]{1,512}$/.test(token)) return token
  throw new ConfigError(
    'METRICS_TOKEN',
    'cannot be sent in a header: allowed are 1 to 512 visible ASCII characters.',
  )
}

export function deepFreeze<T extends object>(value: T): DeepReadonly<T> {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null && !Object.isFrozen(part)) deepFreeze(part)
  }
  return Object.freeze(value) as DeepReadonly<T>
}
