/** loopback, private, link-local, shared (RFC 6598) and unspecified addresses */
const PRIVATE_IPV4 =
  /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./
/** `::`, `::1`, unique local, link-local, and IPv4 addresses in IPv6, as in URLs: with brackets */
const PRIVATE_IPV6 = /^\[(?:::1?\]|::ffff:|f[cd]|fe[89ab])/
/** names that no public DNS has (RFC 6761, 6762, 8375) */
const PRIVATE_NAME = /(?:^|\.)(?:localhost|local|lan|internal|home|home\.arpa|test)$/

/** Whether a host, as `location.hostname` has it, can't be reached from the internet. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '')
  if (host.startsWith('[')) return PRIVATE_IPV6.test(host)
  if (/^[\d.]+$/.test(host)) return PRIVATE_IPV4.test(host)
  return !host.includes('.') || PRIVATE_NAME.test(host)
}
