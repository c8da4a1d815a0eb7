/** A `Host` header (RFC 9110, 7.2): a host, and its port unless that is the scheme's default. */
export interface HostAndPort {
  /** lower case; an IPv6 address in brackets */
  hostname: string
  port: string | null
}

const HOST = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?)(?::([0-9]{1,5}))?$/

/** Parses a `Host` header; null when it is invalid. As in Django, one trailing dot of the name is dropped. */
export function readHost(header: string | undefined): HostAndPort | null {
  const match = HOST.exec((header ?? '').toLowerCase().replace(/\.(?=$|:)/, ''))
  if (!match?.[1]) return null
  const port = match[2] ?? null
  if (port !== null && (Number(port) > 65_535 || Number(port) === 0)) return null
  return { hostname: match[1], port }
}

/** Django's rules for ALLOWED_HOSTS: an exact host, `.example.com` for a domain and its subdomains, `*` for all. */
export function isAllowedHost(hostname: string, allowed: readonly string[]): boolean {
  return allowed.some(
    (pattern) =>
      pattern === '*' ||
      pattern === hostname ||
      (pattern.startsWith('.') && (hostname.endsWith(pattern) || hostname === pattern.slice(1))),
  )
}
