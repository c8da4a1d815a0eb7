import { isIP, isIPv6 } from 'node:net'
import { ConfigError, quote, type Reader } from './reader.js'

export interface AllowedHosts {
  /** lower case: an exact host, `.example.com` for a domain and its subdomains, or `*` */
  hosts: string[]
  /** whole origins, in the form in which browsers write them */
  origins: string[]
}

const DEFAULT_HOSTS = ['localhost', '127.0.0.1', '[::1]']
const HOSTNAME = /^\.?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/
/** what proxy-addr, and so Fastify, knows by name */
const PROXY_WORDS = new Set(['loopback', 'linklocal', 'uniquelocal'])

/** Reads ALLOWED_HOSTS by Django's rules (hosts without ports); whole origins are kept apart. */
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
      'holds whole origins only: name at least one host of this service beside them.',
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
    `holds ${quote(entry)}: a whole origin is http:// or https://, a host and no default port, in lower case, without a path.`,
  )
}

function checkedHost(entry: string): string {
  if (entry === '*' || HOSTNAME.test(entry)) return entry
  if (entry.startsWith('[') && entry.endsWith(']') && isIPv6(entry.slice(1, -1)) && !entry.includes('%'))
    return entry
  throw new ConfigError(
    'ALLOWED_HOSTS',
    `holds ${quote(entry)}: allowed are a host without a port (example.com, 127.0.0.1, [::1]), .example.com for a domain and its subdomains, *, and whole origins (https://shop.example.com:8443).`,
  )
}

/** Reads TRUST_PROXY: addresses, CIDR ranges and proxy-addr's words; unset or `off` trusts nobody. */
export function readTrustedProxies(reader: Reader): string[] {
  const entries = reader.list('TRUST_PROXY')
  if (entries.length === 1 && entries[0] === 'off') return []
  for (const entry of entries) {
    if (PROXY_WORDS.has(entry) || isAddressRange(entry)) continue
    throw new ConfigError(
      'TRUST_PROXY',
      `holds ${quote(entry)}: allowed are off, or a comma list of IP addresses, CIDR ranges (10.0.0.0/8), loopback, linklocal and uniquelocal.`,
    )
  }
  return entries
}

/** An address or a CIDR range; /0 is refused, as it would believe every client's own headers. */
function isAddressRange(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/')
  const version = isIP(address)
  if (version === 0 || address.includes('%') || rest.length > 0) return false
  if (bits === undefined) return true
  return /^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)
}

/**
 * Reads HOST: the address or name to listen on. `localhost` is one address: for two, Fastify opens a second server,
 * which our plugins, those that bound what a client may cost among them, know nothing of.
 */
export function readListenHost(reader: Reader): string {
  const host = reader.text('HOST') ?? '127.0.0.1'
  if (host.toLowerCase() === 'localhost') return '127.0.0.1'
  if (isIP(host) !== 0 || (HOSTNAME.test(host.toLowerCase()) && !host.startsWith('.'))) return host
  throw new ConfigError(
    'HOST',
    `is ${quote(host)}: allowed is an IP address (127.0.0.1, 0.0.0.0, ::) or a host name.`,
  )
}

/** Reads a URL that may hold a password: it is never shown. */
export function readUrl(reader: Reader, name: string, protocols: readonly string[]): string | null {
  const raw = reader.text(name)
  if (raw === null) return null
  const forms = protocols.map((protocol) => `${protocol}//…`).join(' or ')
  if (URL.canParse(raw) && protocols.includes(new URL(raw).protocol)) return raw
  throw new ConfigError(name, `is no URL of the right kind: allowed is ${forms}.`)
}
