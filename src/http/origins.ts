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
 * Reads an Origin in the very form in which browsers write it (RFC 6454 section 6.2): lower case, no default port,
 * no user, path, query or trailing dot. Null for every other form: whoever writes those is no browser.
 */
export function readOrigin(text: string): OriginParts | null {
  const match = ORIGIN.exec(text)
  const [, scheme, hostname, port = null] = match ?? []
  if ((scheme !== 'http' && scheme !== 'https') || !hostname) return null
  if (port !== null && (Number(port) > 65_535 || port === defaultPort(scheme))) return null
  return { scheme, hostname, port }
}

const defaultPort = (scheme: 'http' | 'https') => (scheme === 'https' ? '443' : '80')

/** Do an origin and a request's host name the same host and port? A default port may be written in `Host`. */
export function isSameHost(origin: OriginParts, host: HostAndPort): boolean {
  if (origin.hostname !== host.hostname) return false
  return (origin.port ?? defaultPort(origin.scheme)) === (host.port ?? defaultPort(origin.scheme))
}

export interface OriginRule {
  /** hosts of ALLOWED_HOSTS: `*` lifts the check */
  allowedHosts: readonly string[]
  /** whole origins that are let in beside the service's own */
  allowedOrigins: readonly string[]
  requireHttps: boolean
}

/**
 * May a page of this origin open a socket here? Its own pages and those of listed origins, no sibling subdomain,
 * no page of another port, and nobody who does not say. `values` are all Origin headers of the request, as sent.
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
