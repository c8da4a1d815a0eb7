import { execFileSync, spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { EmbeddedServerError } from './embedded-server-error.js'

/** The account that PostgreSQL runs as. It refuses to run as root; an ordinary user runs it as themselves. */
export interface RunAs {
  readonly uid?: number
  readonly gid?: number
  /** a program that drops the privileges itself, with its arguments */
  readonly prefix: readonly string[]
}

/** Accounts that may own a cluster, in order of preference; the second is macOS's. */
const ACCOUNTS = ['postgres', '_postgres', 'nobody']

export const isRoot = (): boolean => process.getuid?.() === 0

/** The account for a new cluster, or the owner of the one in `existing`; undefined: the current user. */
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
    `PostgreSQL refuses to run as root, and none of the accounts ${ACCOUNTS.join(', ')} exists: add one ("useradd --system postgres"), start as an ordinary user, or set DATABASE_URL`,
  )
}

function idOf(flag: string, name: string): number | undefined {
  const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' })
  return status === 0 ? Number(stdout) : undefined
}

/**
 * How to run a program as the owner so that it can read all the paths. An ordinary account can't enter a project under
 * /root (mode 0700); on Linux it is then given one capability, to enter and read closed directories, but not to write.
 * @throws {EmbeddedServerError} when the account can't read them in any way
 */
export function findRunAs(owner: { uid: number; gid: number } | undefined, paths: readonly string[]): RunAs {
  if (owner === undefined) return { prefix: [] }
  const plain: RunAs = { ...owner, prefix: [] }
  if (canRead(plain, paths)) return plain
  for (const capability of ['dac_read_search', 'dac_override']) {
    const capable: RunAs = { prefix: setprivCommand(owner, capability) }
    if (process.platform === 'linux' && canRead(capable, paths)) return capable
  }
  throw new EmbeddedServerError(
    `PostgreSQL refuses to run as root, and the account with uid ${owner.uid} that runs it can't enter ${paths.join(' or ')}: move the project out of closed directories such as /root, start as an ordinary user, or set DATABASE_URL`,
  )
}

/**
 * Without the securebit, access(2), with which PostgreSQL looks for its own files, would ignore the capability. (The
 * securebit also keeps the other capabilities across the change of user, but they don't survive the exec.)
 */
function setprivCommand({ uid, gid }: { uid: number; gid: number }, capability: string): string[] {
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--securebits=+no_setuid_fixup']
  return ['setpriv', ...ids, `--inh-caps=+${capability}`, `--ambient-caps=+${capability}`, '--']
}

/** Tries it, because access depends on ACLs and mount options too. */
function canRead(runAs: RunAs, paths: readonly string[]): boolean {
  const script = 'for path; do test -r "$path" && test -x "$path" || exit 1; done'
  const { file, args, ids } = commandLine(runAs, '/bin/sh', ['-c', script, 'sh', ...paths])
  try {
    execFileSync(file, args, { ...ids, cwd: '/', stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** What to spawn to run the program as that account. */
export function commandLine(runAs: RunAs, program: string, args: readonly string[]) {
  const [file = program, ...rest] = [...runAs.prefix, program, ...args]
  const { uid, gid } = runAs
  return { file, args: rest, ids: uid === undefined || gid === undefined ? {} : { uid, gid } }
}
