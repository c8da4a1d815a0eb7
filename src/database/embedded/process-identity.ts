import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

let bootId: string | undefined

/**
 * A string that identifies the process with this pid, or undefined when there is none (a zombie counts as none). It
 * contains the start time, which distinguishes a process from a later one with the same pid.
 */
export function processIdentity(pid: number): string | undefined {
  if (process.platform !== 'linux') return identityByPs(pid)
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the second field, the name in parentheses, may contain spaces and parentheses: count from its end
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, startTicks] = [fields[0], fields[19]]
    if (state === 'Z' || state === 'X') return undefined
    bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${bootId}:${startTicks}`
  } catch {
    return undefined
  }
}

function identityByPs(pid: number): string | undefined {
  try {
    const line = execFileSync('/bin/ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      // the start time's format depends on the locale
      env: { LC_ALL: 'C' },
    }).trim()
    const [state = 'Z', ...started] = line.split(/\s+/)
    return state.startsWith('Z') ? undefined : started.join(' ')
  } catch {
    return undefined
  }
}

/** The process that holds a lock or a lease, which is valid while that process runs. */
export interface Holder {
  readonly pid: number
  readonly identity: string
}

let self: Holder | undefined

/** This process. */
function currentHolder(): Holder {
  self ??= { pid: process.pid, identity: processIdentity(process.pid) ?? '' }
  return self
}

/** Whether the text was written by {@link describeHolder} in a process that still runs. */
export function isHolderAlive(text: string): boolean {
  try {
    const { pid, identity } = JSON.parse(text) as Partial<Holder>
    return typeof pid === 'number' && processIdentity(pid) === identity
  } catch {
    // truncated by a power failure, so its writer is gone
    return false
  }
}

/** A line that identifies this process; the token makes each line unique. */
export function describeHolder(token: string): string {
  return JSON.stringify({ ...currentHolder(), token })
}
