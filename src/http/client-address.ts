import { isIP, isIPv6 } from 'node:net'

/**
 * A client's address as some proxies write it into X-Forwarded-For, `192.0.2.1:5678` or `[2001:db8::1]:5678`, without
 * port and brackets: with them each connection of a client would be a client of its own. Any other text stays as it is.
 * `unknown` (RFC 7239, 6.2) when there is none, whatever Fastify's type of `request.ip` says: the system has forgotten
 * the address of a connection that was reset before anybody asked.
 */
export function withoutPort(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  const [, v6, v4] = /^(?:\[([0-9a-f:.]+)\](?::\d+)?|([0-9.]+):\d+)$/i.exec(address) ?? []
  const inner = v6 ?? v4
  return inner !== undefined && isIP(inner) === (v6 === undefined ? 4 : 6) ? inner : address
}

/** An IPv6 client owns the 64 bits behind its network's; it may not have 2^64 tries. */
export function addressKey(address: string | undefined): string {
  const ip = withoutPort(address)
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1]
  if (mapped) return mapped
  if (!isIPv6(ip)) return ip
  const [left = '', right] = ip.toLowerCase().replace(/%.*$/, '').split('::')
  const head = left === '' ? [] : left.split(':')
  const tail = right === undefined || right === '' ? [] : right.split(':')
  const zeros = right === undefined ? 0 : 8 - head.length - tail.length
  const groups = [...head, ...Array<string>(Math.max(0, zeros)).fill('0'), ...tail]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
