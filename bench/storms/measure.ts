import { setTimeout as wait } from 'node:timers/promises'
import type { Storm } from './scenarios.js'
import type { Target } from './target.js'

export interface Probe {
  /** from the staff's handshake to its snapshot; null: none within the patience */
  ms: number | null
  /** what the storm did meanwhile */
  storm: number
}

export interface Report {
  /** before the storm */
  calm: Probe[]
  during: Probe[]
  /** bytes of the node's memory: before the storm, and the most during it; null: not known */
  memory: { before: number | null; most: number | null }
}

export interface MeasureOptions {
  /** how long the storm lasts: probes of the staff's page, and ms at least */
  probes: number
  atLeastMs: number
  /** ms that a probe waits for its snapshot */
  patienceMs: number
}

/** ms between two probes: a session may open 30 sockets in 10 s */
const EVERY_MS = 400

/** Opens the staff's page before and during the storm. */
export async function measure(target: Target, storm: Storm, options: MeasureOptions): Promise<Report> {
  const probe = async (): Promise<Probe> => {
    const before = storm.done
    const ms = await target.probe(options.patienceMs)
    const meanwhile = storm.done - before
    await wait(EVERY_MS)
    return { ms, storm: meanwhile }
  }
  const calm: Probe[] = []
  for (let i = 0; i < options.probes; i++) calm.push(await probe())
  const memory = { before: await target.memory(), most: null as number | null }
  const end = new AbortController()
  const storming = storm.run(end.signal)
  const startedAt = performance.now()
  const during: Probe[] = []
  while (during.length < options.probes || performance.now() - startedAt < options.atLeastMs) {
    during.push(await probe())
    const now = await target.memory().catch(() => null)
    if (now !== null) memory.most = Math.max(memory.most ?? 0, now)
  }
  end.abort()
  await storming
  return { calm, during, memory }
}

/** The middle and the longest ms; infinite where no snapshot came. */
export function summarize(probes: readonly Probe[]): { median: number; longest: number; none: number } {
  const all = probes.map(({ ms }) => ms ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b)
  return {
    median: all[Math.floor(all.length / 2)] ?? 0,
    longest: all.at(-1) ?? 0,
    none: probes.filter(({ ms }) => ms === null).length,
  }
}
