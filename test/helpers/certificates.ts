import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Program, requireProgram } from './programs.js'
import type { Teardown } from './teardown.js'

const OPENSSL: Program = {
  name: 'OpenSSL',
  commands: ['openssl'],
  apt: { debian: 'openssl', ubuntu: 'openssl' },
  remedy: { darwin: 'brew install openssl', other: 'install OpenSSL with the package manager' },
}

/** Paths of PEM files. */
export interface Certificate {
  certificate: string
  key: string
}

export interface Authority {
  /** removed at teardown, with all that is in it */
  folder: string
  /** path of its own certificate */
  authority: string
  /** Makes a certificate for `names`, as `DNS:localhost,IP:127.0.0.1`. */
  issue(names: string): Certificate
}

/** A private authority. */
export function makeAuthority(t: Teardown): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'houselights-tls-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const path = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => {
    const { status, stderr } = spawnSync(requireProgram(OPENSSL), args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  const key = (file: string) => ['-newkey', 'rsa:2048', '-nodes', '-keyout', path(file)]
  const subject = ['-subj', '/CN=Test authority', '-days', '2']
  openssl('req', '-x509', ...key('ca.key'), ...subject, '-out', path('ca.pem'))
  let count = 0
  return {
    folder,
    authority: path('ca.pem'),
    issue(names) {
      const name = `server-${++count}`
      openssl('req', ...key(`${name}.key`), '-subj', '/CN=localhost', '-out', path(`${name}.csr`))
      writeFileSync(path('names'), `subjectAltName=${names}`)
      const signer = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial', '-days', '2']
      const request = ['-in', path(`${name}.csr`), '-extfile', path('names'), '-out', path(`${name}.pem`)]
      openssl('x509', '-req', ...signer, ...request)
      return { certificate: path(`${name}.pem`), key: path(`${name}.key`) }
    },
  }
}
