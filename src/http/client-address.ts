import { isIP, isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * A client's address without the port and brackets that some proxies write into X-Forwarded-For (`192.0.2.1:5678`,
 * `[2001:db8::1]:5678`): with a port each connection would count as another client. Other text stays as it is.
 * `unknown` (RFC 7239, 6.2) for undefined, which `request.ip` is, whatever its type says, once the connection was
 * reset.
 */
export function withoutPort(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  const [, v6 = '', v4 = ''] = /^(?:\[([0-9a-f:.]+)\](?::\d+)?|([0-9.]+):\d+)$/i.exec(address) ?? []
  if (isIPv6(v6)) return v6
  return isIPv4(v4) ? v4 : address
}

/** What limits count by: an IPv4 address, or the /64 network of an IPv6 address, all of which one client may own. */
export function addressKey(address: string | undefined): string {
  const text = withoutPort(address)
  // ipaddr.js also reads the forms of inet_aton: `1`, `010.0.0.1`
  if (isIP(text) === 0) return text
  const ip = ipaddr.process(text)
  if (!(ip instanceof ipaddr.IPv6)) return ip.toString()
  return `${new ipaddr.IPv6([...ip.parts.slice(0, 4), 0, 0, 0, 0])}/64`
}
