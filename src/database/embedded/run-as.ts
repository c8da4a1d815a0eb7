import { execFileSync, spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { EmbeddedServerError } from './embedded-server-error.js'

/** As whom PostgreSQL runs: itself for an ordinary user; it refuses to run as root. */
export interface RunAs {
  readonly uid?: number
  readonly gid?: number
  /** a program that drops the rights by itself, and its arguments */
  readonly prefix: readonly string[]
}

/** Accounts that may own a cluster, the best first (the second is macOS's). */
const ACCOUNTS = ['postgres', '_postgres', 'nobody']

export const isRoot = (): boolean => process.getuid?.() === 0

/** The account for a new cluster, or the owner of the one in `existing`. `undefined`: this very user. */
export function chooseOwner(existing?: string): { uid: number; gid: number } | undefined {
  if (!isRoot()) return undefined
  if (existing !== undefined) {
    const { uid, gid } = statSync(existing)
    if (uid !== 0) return { uid, gid }
  }
  for (const name of ACCOUNTS) {
    const [uid, gid] = ['-u', '-g'].map((flag) => idOf(flag, name))
    if (uid !== undefined && gid !== undefined && uid !== 0) return { uid, gid }
  }
  throw new EmbeddedServerError(
    `PostgreSQL refuses to run as root, and there is no account ${ACCOUNTS.join(', ')} to run it as: add one ("useradd --system postgres"), start as an ordinary user, or set DATABASE_URL`,
  )
}

function idOf(flag: string, name: string): number | undefined {
  const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' })
  return status === 0 ? Number(stdout) : undefined
}

/**
 * How to run a program as the owner so that it reaches all the paths. A clone under a closed directory
 * (/root is 0700) is out of an ordinary account's reach; on Linux the account is then lent one capability, to
 * pass and read directories that are closed to it. It still isn't root: it can't write there.
 * @throws {EmbeddedServerError} when no way reaches them
 */
export function findRunAs(owner: { uid: number; gid: number } | undefined, paths: readonly string[]): RunAs {
  if (owner === undefined) return { prefix: [] }
  const plain: RunAs = { ...owner, prefix: [] }
  if (reaches(plain, paths)) return plain
  for (const capability of ['dac_read_search', 'dac_override']) {
    const lent: RunAs = { prefix: lend(owner, capability) }
    if (process.platform === 'linux' && reaches(lent, paths)) return lent
  }
  throw new EmbeddedServerError(
    `PostgreSQL refuses to run as root, and the account with uid ${owner.uid} that runs it can't enter ${paths.join(' or ')}: move the project out of closed directories such as /root, start as an ordinary user, or set DATABASE_URL`,
  )
}

/**
 * Without the secure bit, access(2), by which PostgreSQL looks for its own files, would not count the
 * capability. (With it the other capabilities would outlive the change of the user, but not the exec that
 * follows.)
 */
function lend({ uid, gid }: { uid: number; gid: number }, capability: string): string[] {
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--securebits=+no_setuid_fixup']
  return ['setpriv', ...ids, `--inh-caps=+${capability}`, `--ambient-caps=+${capability}`, '--']
}

/** Asks the system itself, which knows of access lists and mount options, too. */
function reaches(runAs: RunAs, paths: readonly string[]): boolean {
  const script = 'for path; do test -r "$path" && test -x "$path" || exit 1; done'
  const { file, args, ids } = commandLine(runAs, '/bin/sh', ['-c', script, 'sh', ...paths])
  try {
    execFileSync(file, args, { ...ids, cwd: '/', stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** What to spawn in order to run the program as that user. */
export function commandLine(runAs: RunAs, program: string, args: readonly string[]) {
  const [file = program, ...rest] = [...runAs.prefix, program, ...args]
  const { uid, gid } = runAs
  return { file, args: rest, ids: uid === undefined || gid === undefined ? {} : { uid, gid } }
}
