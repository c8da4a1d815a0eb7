import { ECDH } from 'node:crypto'
import { invalid } from '../errors.js'

/** A host of PUSH_HOSTS: a push service to which the service may be made to send. */
export interface AllowedHost {
  /** lower case; `.example.com` for a domain and its subdomains */
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly isLoopback: boolean
}

/** What a browser's `PushSubscription` says of itself. */
export interface PushAddress {
  endpoint: string
  keys: { p256dh: string; auth: string }
}

export const MAX_ENDPOINT = 1024

/** The URL of an endpoint and the allowed host that it is at; null if there is none. */
export function findHost(
  endpoint: string,
  hosts: readonly AllowedHost[],
): { url: URL; at: AllowedHost } | null {
  // no blanks, controls or backslashes, which parsers read in different ways
  if (endpoint.length > MAX_ENDPOINT || !/^https?:\/\/[!-[\]-~]+$/i.test(endpoint)) return null
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null
  if (url === null || `${url.username}${url.password}${url.hash}` !== '') return null
  const secure = url.protocol === 'https:'
  const port = Number(url.port) || (secure ? 443 : 80)
  const at = hosts.find(
    (each) => each.secure === secure && each.port === port && isHost(url.hostname, each.host),
  )
  return at ? { url, at } : null
}

const isHost = (name: string, allowed: string): boolean =>
  name === allowed || (allowed.startsWith('.') && (name === allowed.slice(1) || name.endsWith(allowed)))

/**
 * Checks a subscription as a browser gives it, and returns it normalized. Throws `validation_failed` for an endpoint that is
 * not at one of the hosts, and for keys that are none: a point of P-256, and 16 bytes.
 */
export function checkAddress({ endpoint, keys }: PushAddress, hosts: readonly AllowedHost[]): PushAddress {
  const found = findHost(endpoint, hosts)
  if (!found) throw invalid('endpoint', 'must be the https address of a known push service.')
  const p256dh = Buffer.from(keys.p256dh, 'base64url')
  if (!isPoint(p256dh)) throw invalid('keys.p256dh', 'must be an uncompressed point of P-256 in base64url.')
  const auth = Buffer.from(keys.auth, 'base64url')
  if (auth.length !== 16) throw invalid('keys.auth', 'must be 16 bytes in base64url.')
  return {
    endpoint: found.url.href,
    keys: { p256dh: p256dh.toString('base64url'), auth: auth.toString('base64url') },
  }
}

function isPoint(bytes: Buffer): boolean {
  if (bytes.length !== 65 || bytes[0] !== 4) return false
  try {
    ECDH.convertKey(bytes, 'prime256v1')
    return true
  } catch {
    return false
  }
}
