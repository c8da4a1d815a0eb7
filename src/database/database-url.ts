import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import pg from 'pg'
import { DatabaseUrlError } from './database-url-error.js'

/** libpq's modes (https://www.postgresql.org/docs/current/libpq-ssl.html), and `no-verify`, which is node-pg's `require` */
const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']
const FILES = ['sslrootcert', 'sslcert', 'sslkey']
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|::1)$/
/** the client's first message when it wants TLS: its length, 8, and a code */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const PROBE_MS = 5000

/** The schema that holds the service's tables: the URL's `schema`, or `public`. */
export const schemaOf = (url: string): string => new URL(url).searchParams.get('schema') || 'public'

/**
 * The URL with what libpq leaves open decided, in the form that node-pg understands: node-pg takes `require` and
 * `verify-ca` for `verify-full`, and doesn't know `allow` and `prefer`, for which the server is asked whether it has TLS.
 * Without `sslmode` that is asked of servers elsewhere only, as libpq does.
 *
 * @param source the variable or option that holds the URL
 * @throws {DatabaseUrlError} for a mode that doesn't exist, and for a file that can't be read
 */
export async function settleDatabaseUrl(url: string, source = 'DATABASE_URL'): Promise<string> {
  const settled = new URL(url)
  const { searchParams } = settled
  selectAuthorities(searchParams, source)
  const mode = searchParams.get('sslmode')
  if (mode !== null && !MODES.includes(mode)) {
    throw new DatabaseUrlError(`has an unknown sslmode: allowed are ${MODES.slice(0, 6).join(', ')}.`, source)
  }
  for (const name of FILES) assertReadable(name, searchParams.get(name), source)
  if (mode === null && (searchParams.has('ssl') || searchParams.has('sslrootcert'))) return settled.href
  if (mode === null || mode === 'allow' || mode === 'prefer') {
    const { host, port } = new pg.Client({ connectionString: withMode(settled, 'disable') })
    const isLocal = host.startsWith('/') || (mode === null && LOOPBACK.test(host))
    const usesTls = !isLocal && (await offersTls(host, port))
    return mode === null && !usesTls ? url : withMode(settled, usesTls ? 'require' : 'disable')
  }
  return withMode(settled, mode === 'no-verify' ? 'require' : mode)
}

function withMode(url: URL, mode: string): string {
  const settled = new URL(url)
  settled.searchParams.set('sslmode', mode)
  settled.searchParams.set('uselibpqcompat', 'true')
  return settled.href
}

/** `sslrootcert=system` means the public authorities, which are Node's own when no file is named. */
function selectAuthorities(searchParams: URLSearchParams, source: string): void {
  const [file, mode] = [searchParams.get('sslrootcert'), searchParams.get('sslmode')]
  if (file === 'system') {
    if (mode !== null && mode !== 'verify-full') {
      throw new DatabaseUrlError('has sslrootcert=system: it allows sslmode=verify-full only.', source)
    }
    searchParams.delete('sslrootcert')
    searchParams.set('sslmode', 'verify-full')
  }
  if (file === null && mode === 'verify-ca') {
    throw new DatabaseUrlError(
      'has sslmode=verify-ca without sslrootcert: add sslrootcert=/path/to/ca.pem, or use sslmode=verify-full for a certificate of a public authority.',
      source,
    )
  }
}

function assertReadable(name: string, path: string | null, source: string): void {
  if (path === null) return
  try {
    readFileSync(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : 'unreadable'
    throw new DatabaseUrlError(
      `has ${name}=${path}, which can’t be read (${code}): name a PEM file that the service’s user may read.`,
      source,
    )
  }
}

/** Whether a TLS connection can be made; false, too, when the server can't be reached, which shows later. */
function offersTls(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PROBE_MS })
    const done = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('error', () => done(false)).once('timeout', () => done(false))
    socket.once('connect', () => socket.write(SSL_REQUEST))
    socket.once('data', (answer) => {
      if (answer.toString('latin1') !== 'S') return done(false)
      handshake(socket).then(done)
    })
  })
}

function handshake(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const secure = connectTls({ socket, rejectUnauthorized: false }, () => resolve(true))
    secure.once('error', () => resolve(false))
  })
}

/** node-pg's texts and Node's and OpenSSL's codes for a TLS connection that fails */
const NO_TLS = 'The server does not support SSL connections'
const WRONG_NAME = 'ERR_TLS_CERT_ALTNAME_INVALID'
const UNTRUSTED = /CERT|SIGNATURE|INVALID_CA|INVALID_PURPOSE/

/** What is wrong with the TLS of a connection that failed, and the cure, to follow the URL's source; null: something else. */
export function tlsProblem(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const code = 'code' in error ? String(error.code) : ''
  const { message } = error
  if (message === NO_TLS) {
    return 'asks for TLS, which the server doesn’t offer: set ssl = on in postgresql.conf, or use sslmode=disable or prefer.'
  }
  if (code === '28000' && /no encryption|SSL off/.test(message)) {
    return 'leads to a server that only accepts TLS connections: add sslmode=verify-full (with sslrootcert=/path/to/ca.pem for a private authority), or sslmode=require.'
  }
  if (code === WRONG_NAME) {
    return `names a host that the server’s certificate is not for (${message}): use the certificate’s host name, or sslmode=verify-ca with sslrootcert.`
  }
  if (UNTRUSTED.test(code)) {
    return `leads to a server whose certificate can’t be verified (${message}): add sslrootcert=/path/to/ca.pem with the authority that signed it.`
  }
  return /^(?:EPROTO|ERR_SSL_|ERR_OSSL_)/.test(code)
    ? `leads to a server with which TLS fails (${message}): compare its ssl settings, or use sslmode=disable.`
    : null
}
