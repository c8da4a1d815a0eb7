import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

let bootId: string | undefined

/**
 * A text that no other process has had under this pid, or `undefined` when none runs under it (a zombie does
 * not run). The start time is what tells a process from a later one that was given the same pid.
 */
export function processIdentity(pid: number): string | undefined {
  if (process.platform !== 'linux') return identityByPs(pid)
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may hold spaces and parentheses itself: count from its end.
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
      // The start time is written as the locale has it.
      env: { LC_ALL: 'C' },
    }).trim()
    const [state = 'Z', ...started] = line.split(/\s+/)
    return state.startsWith('Z') ? undefined : started.join(' ')
  } catch {
    return undefined
  }
}

/** Who holds a lock or a lease: good for as long as that very process runs. */
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

/** Whether the text is a holder's, written by {@link describeHolder}, who still runs. */
export function isHolderAlive(text: string): boolean {
  try {
    const { pid, identity } = JSON.parse(text) as Partial<Holder>
    return typeof pid === 'number' && processIdentity(pid) === identity
  } catch {
    // Cut short by a power failure: whoever wrote it is gone.
    return false
  }
}

/** A line that names this process; the token makes each one unlike all others. */
export function describeHolder(token: string): string {
  return JSON.stringify({ ...currentHolder(), token })
}
