import type { IncomingMessage } from 'node:http'
import type { HostAndPort } from './hosts.js'

export interface OriginParts {
  scheme: 'http' | 'https'
  hostname: string
  /** null: the scheme's default */
  port: string | null
}

const ORIGIN =
  /^(https?):\/\/(\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?)(?::([1-9][0-9]{0,4}))?$/

/**
 * Parses an Origin in the exact form that browsers send (RFC 6454, 6.2): lower case, no default port, no user, path,
 * query or trailing dot. Null for every other form: no browser sends it.
 */
export function readOrigin(text: string): OriginParts | null {
  const match = ORIGIN.exec(text)
  const [, scheme, hostname, port = null] = match ?? []
  if ((scheme !== 'http' && scheme !== 'https') || !hostname) return null
  if (port !== null && (Number(port) > 65_535 || port === defaultPort(scheme))) return null
  return { scheme, hostname, port }
}

const defaultPort = (scheme: 'http' | 'https') => (scheme === 'https' ? '443' : '80')

/** Are host and port of an origin and of a `Host` header the same? `Host` may include the default port. */
export function isSameHost(origin: OriginParts, host: HostAndPort): boolean {
  if (origin.hostname !== host.hostname) return false
  return (origin.port ?? defaultPort(origin.scheme)) === (host.port ?? defaultPort(origin.scheme))
}

/** All headers of this name, as sent: in `headers` Node has joined or dropped repeated ones. */
function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name)
}

/**
 * May this handshake come from the page that sent it? By its Origin, and by Fetch-Metadata where the browser sends it.
 * `host` is the checked host of the request.
 */
export function comesFromAllowedPage(
  { headers, rawHeaders }: IncomingMessage,
  host: HostAndPort | null,
  rule: OriginRule,
): boolean {
  const origins = valuesOf(rawHeaders, 'origin')
  const site = headers['sec-fetch-site']
  const isListed = origins.length === 1 && rule.allowedOrigins.includes(origins[0] ?? '')
  const isOwn = site === undefined || site === 'same-origin' || isListed
  return isOwn && host !== null && isAllowedOrigin(origins, host, rule)
}

export interface OriginRule {
  /** hosts of ALLOWED_HOSTS: `*` lifts the check */
  allowedHosts: readonly string[]
  /** origins that are allowed in addition to the service's own */
  allowedOrigins: readonly string[]
  requireHttps: boolean
}

/**
 * May a page of this origin open a socket? Allowed are the service's own origin and the listed ones; not a sibling
 * subdomain, another port, or a missing Origin. `values` are all Origin headers of the request, as sent.
 */
export function isAllowedOrigin(values: readonly string[], host: HostAndPort, rule: OriginRule): boolean {
  if (rule.allowedHosts.includes('*')) return true
  const [text] = values
  if (values.length !== 1 || text === undefined) return false
  if (rule.allowedOrigins.includes(text)) return true
  const origin = readOrigin(text)
  if (!origin || (rule.requireHttps && origin.scheme !== 'https')) return false
  return isSameHost(origin, host)
}
