import { isIP, isIPv6 } from 'node:net'
import { ConfigError, quote, type Reader } from './reader.js'
import type { Variable } from './variables.js'

export interface AllowedHosts {
  /** lower case: an exact host, `.example.com` for a domain and its subdomains, or `*` */
  hosts: string[]
  /** origins, serialized as browsers do */
  origins: string[]
}

const DEFAULT_HOSTS = ['localhost', '127.0.0.1', '[::1]']
const HOSTNAME = /^\.?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/
/** the named ranges of proxy-addr, which Fastify uses */
const PROXY_WORDS = new Set(['loopback', 'linklocal', 'uniquelocal'])

/** Reads ALLOWED_HOSTS by Django's rules (hosts without ports); origins go into a list of their own. */
export function readAllowedHosts(reader: Reader): AllowedHosts {
  const entries = reader.list('ALLOWED_HOSTS')
  if (entries.length === 0) return { hosts: DEFAULT_HOSTS, origins: [] }
  const hosts: string[] = []
  const origins: string[] = []
  for (const entry of entries) {
    if (entry.includes('://')) origins.push(checkedOrigin(entry))
    else hosts.push(checkedHost(entry.toLowerCase()))
  }
  if (hosts.length === 0) {
    throw new ConfigError(
      'ALLOWED_HOSTS',
      'contains only origins: add at least one host name of this service.',
    )
  }
  return { hosts, origins }
}

function checkedOrigin(entry: string): string {
  const url = URL.canParse(entry) ? new URL(entry) : null
  if (url && /^https?:$/.test(url.protocol) && url.origin === entry && !url.hostname.endsWith('.'))
    return entry
  throw new ConfigError(
    'ALLOWED_HOSTS',
    `contains ${quote(entry)}: allowed as an origin is http:// or https:// with a host, in lower case, without a default port or a path.`,
  )
}

function checkedHost(entry: string): string {
  if (entry === '*' || HOSTNAME.test(entry)) return entry
  if (entry.startsWith('[') && entry.endsWith(']') && isIPv6(entry.slice(1, -1)) && !entry.includes('%'))
    return entry
  throw new ConfigError(
    'ALLOWED_HOSTS',
    `contains ${quote(entry)}: allowed are a host without a port (example.com, 127.0.0.1, [::1]), .example.com for a domain and its subdomains, *, and origins (https://shop.example.com:8443).`,
  )
}

/** Reads TRUST_PROXY: addresses, CIDR ranges and proxy-addr's named ranges; unset or `off` trusts none. */
export function readTrustedProxies(reader: Reader): string[] {
  const entries = reader.list('TRUST_PROXY')
  if (entries.length === 1 && entries[0] === 'off') return []
  for (const entry of entries) {
    if (PROXY_WORDS.has(entry) || isAddressRange(entry)) continue
    throw new ConfigError(
      'TRUST_PROXY',
      `contains ${quote(entry)}: allowed are off, or a comma-separated list of IP addresses, CIDR ranges (10.0.0.0/8), loopback, linklocal and uniquelocal.`,
    )
  }
  return entries
}

/** An address or a CIDR range; not /0, which would trust the headers of every client. */
function isAddressRange(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/')
  const version = isIP(address)
  if (version === 0 || address.includes('%') || rest.length > 0) return false
  if (bits === undefined) return true
  return /^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)
}

/**
 * Reads HOST: the address or name to listen on. `localhost` becomes 127.0.0.1: where it has two addresses Fastify opens
 * a second server, which the plugins that limit connections do not see.
 */
export function readListenHost(reader: Reader): string {
  const host = reader.text('HOST') ?? '127.0.0.1'
  if (host.toLowerCase() === 'localhost') return '127.0.0.1'
  if (isIP(host) !== 0 || (HOSTNAME.test(host.toLowerCase()) && !host.startsWith('.'))) return host
  throw new ConfigError(
    'HOST',
    `is ${quote(host)}: allowed are an IP address (127.0.0.1, 0.0.0.0, ::) and a host name.`,
  )
}

/** Reads a URL. It can contain a password, so errors do not quote it. */
export function readUrl(reader: Reader, name: Variable, protocols: readonly string[]): string | null {
  const raw = reader.text(name)
  if (raw === null) return null
  const forms = protocols.map((protocol) => `${protocol}//…`).join(' or ')
  if (URL.canParse(raw) && protocols.includes(new URL(raw).protocol)) return raw
  throw new ConfigError(name, `is not a valid URL: allowed is ${forms}.`)
}

/** Reads the URL of a PostgreSQL server. */
export function readPostgresUrl(reader: Reader, name: Variable): string | null {
  if (namesSeveralHosts(reader.text(name) ?? '')) throw new ConfigError(name, SEVERAL_HOSTS)
  return readUrl(reader, name, ['postgresql:', 'postgres:'])
}

export const SEVERAL_HOSTS =
  'names several hosts (several_hosts): allowed is one, which leads to the primary after a failover too: a DNS name or address that moves, or a proxy such as PgBouncer or HAProxy.'

/** As libpq allows: `postgres://a,b/name`, or `host=a,b`. */
export function namesSeveralHosts(url: string): boolean {
  const authority = /^postgres(?:ql)?:\/\/([^/?#]*)/.exec(url)?.[1] ?? ''
  const hosts = authority.slice(authority.lastIndexOf('@') + 1)
  return hosts.includes(',') || /[?&]host(?:addr)?=[^&]*(?:,|%2C)/i.test(url)
}

/** Reads PUBLIC_URL: the origin that printed links name. A slash at its end is dropped. */
export function readPublicUrl(reader: Reader, isProduction: boolean): string | null {
  const raw = reader.text('PUBLIC_URL')
  if (raw === null) return null
  const url = URL.canParse(raw) ? new URL(raw) : null
  const isOrigin = url !== null && url.href === `${url.origin}/` && !/[?#]/.test(raw)
  const schemes = isProduction ? ['https:'] : ['https:', 'http:']
  if (isOrigin && schemes.includes(url.protocol)) return url.origin
  throw new ConfigError(
    'PUBLIC_URL',
    `is ${quote(raw)}: allowed is https://${isProduction ? '' : ' or http://'} with a host, without user, path or query (https://order.example.com).`,
  )
}
