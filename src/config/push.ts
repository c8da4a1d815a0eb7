import { createECDH } from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { ConfigError, quote, type Reader } from './reader.js'
import { cannotHold, readOrGenerate } from './secrets.js'
import type { Variable } from './variables.js'

/** The keys by which push services know this service (RFC 8292), in base64url. */
export interface VapidKeys {
  /** an uncompressed point of P-256 */
  publicKey: string
  privateKey: string
  /** mailto: or https: of whom a push service may write to */
  subject: string
}

/** Where the service may be made to send to. */
export interface PushHost {
  /** lower case; `.example.com` for a domain and its subdomains */
  host: string
  /** the default port of its scheme unless given */
  port: number
  /** false only for a stand-in on this machine */
  secure: boolean
  /** a stand-in on this machine: the one address that may be private */
  isLoopback: boolean
}

export interface PushConfig {
  /** null: off */
  keys: VapidKeys | null
  hosts: PushHost[]
}

const SERVICES = [
  'fcm.googleapis.com',
  'updates.push.services.mozilla.com',
  '.push.apple.com',
  '.notify.windows.com',
]
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])
const ENTRY = /^(?:(https?):\/\/)?((?:\*?\.)?[a-z0-9][a-z0-9.-]*|\[::1\])(?::([1-9]\d{0,4}))?$/

/** Reads PUSH_HOSTS; the push services of the browsers unless set. */
export function readPushHosts(reader: Reader, isProduction: boolean): PushHost[] {
  const entries = reader.list('PUSH_HOSTS')
  return (entries.length > 0 ? entries : SERVICES).map((entry) => readHost(entry, isProduction))
}

function readHost(entry: string, isProduction: boolean): PushHost {
  const refuse = (why: string): never => {
    throw new ConfigError('PUSH_HOSTS', `contains ${quote(entry)}: ${why}`)
  }
  const [, scheme = 'https', name = '', digits] = ENTRY.exec(entry.toLowerCase()) ?? refuse(ALLOWED)
  const host = name.replace(/^\*/, '')
  const secure = scheme === 'https'
  const port = digits === undefined ? (secure ? 443 : 80) : Number(digits)
  const isLoopback = LOOPBACK.has(host)
  if (port > 65_535 || host.endsWith('.')) refuse(ALLOWED)
  if (isLoopback && isProduction) refuse('this machine is allowed outside production only.')
  if (!isLoopback && (isIP(host) !== 0 || /^[\d.]+$/.test(host))) refuse(ALLOWED)
  if (!isLoopback && !secure) refuse(ALLOWED)
  return { host, port, secure, isLoopback }
}

const ALLOWED =
  'allowed are host names of push services (fcm.googleapis.com), .example.com for a domain and its subdomains, each with a port if need be, and outside production localhost:PORT or http://localhost:PORT.'

/** Checks VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY and VAPID_SUBJECT; writes nothing. `keys` is null when they are unset. */
export function readVapidKeys(
  reader: Reader,
  publicUrl: string | null,
  hosts: readonly string[],
): { keys: Omit<VapidKeys, 'subject'> | null; subject: string } {
  const publicKey = reader.text('VAPID_PUBLIC_KEY')
  const privateKey = reader.text('VAPID_PRIVATE_KEY')
  const subject = readSubject(reader) ?? defaultSubject(publicUrl, hosts)
  if (publicKey === null && privateKey === null) return { keys: null, subject }
  if (publicKey === null) throw missing('VAPID_PUBLIC_KEY')
  if (privateKey === null) throw missing('VAPID_PRIVATE_KEY')
  const own = publicKeyOf(privateKey)
  // a secret: its value is not quoted
  if (own === null) {
    throw new ConfigError(
      'VAPID_PRIVATE_KEY',
      'is no key: allowed are 32 bytes in base64url (43 characters).',
    )
  }
  if (own !== publicKey.replace(/=+$/, '')) {
    throw new ConfigError('VAPID_PUBLIC_KEY', 'is not the public key of VAPID_PRIVATE_KEY.')
  }
  return { keys: { publicKey: own, privateKey: privateKey.replace(/=+$/, '') }, subject }
}

const missing = (name: Variable): ConfigError =>
  new ConfigError(name, 'is missing: a pair has both (npx web-push generate-vapid-keys).')

function readSubject(reader: Reader): string | null {
  const raw = reader.text('VAPID_SUBJECT')
  if (raw === null) return null
  const isMail = /^mailto:[^\s@]+@[^\s@]+$/.test(raw)
  const isPage = URL.canParse(raw) && new URL(raw).protocol === 'https:'
  if (isMail || isPage) return raw
  throw new ConfigError('VAPID_SUBJECT', `is ${quote(raw)}: allowed is mailto:name@example.com or https://….`)
}

/** Push services want an address; Apple's refuses those of localhost. */
function defaultSubject(publicUrl: string | null, hosts: readonly string[]): string {
  if (publicUrl?.startsWith('https:')) return publicUrl
  const host = hosts.map((each) => each.replace(/^\./, '')).find((each) => /\.[a-z]/.test(each))
  return host ? `https://${host}` : 'mailto:push@example.com'
}

/** The public key of a private one; null if it is none. */
function publicKeyOf(privateKey: string): string | null {
  if (!/^[\w-]{43}=?$/.test(privateKey)) return null
  const curve = createECDH('prime256v1')
  try {
    curve.setPrivateKey(Buffer.from(privateKey, 'base64url'))
    return curve.getPublicKey('base64url')
  } catch {
    return null
  }
}

/**
 * The keys given, or the generated ones; null in production, where keys that a node makes for itself are no others', and
 * where the data directory can't be written to: the service works without them.
 */
export function resolveVapidKeys(
  { keys, subject }: ReturnType<typeof readVapidKeys>,
  { dataDirectory, isProduction }: { dataDirectory: string; isProduction: boolean },
): VapidKeys | null {
  if (keys) return { ...keys, subject }
  if (isProduction) return null
  const privateKey = keptPrivateKey(join(dataDirectory, 'vapid-private-key'))
  return privateKey === null ? null : { publicKey: publicKeyOf(privateKey) ?? '', privateKey, subject }
}

function keptPrivateKey(path: string): string | null {
  try {
    const isValid = (secret: string) => publicKeyOf(secret) !== null
    return readOrGenerate(path, { generate: newPrivateKey, isValid })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== undefined && ['EACCES', 'EPERM', 'EROFS'].includes(code)) return null
    throw cannotHold('VAPID_PRIVATE_KEY', path, cause)
  }
}

function newPrivateKey(): string {
  const curve = createECDH('prime256v1')
  curve.generateKeys()
  // leading zeros are not in what Node gives
  return Buffer.from(curve.getPrivateKey('hex').padStart(64, '0'), 'hex').toString('base64url')
}
