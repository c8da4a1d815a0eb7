import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Figure } from './figures.js'
import { isPinned } from './processes.js'
import type { Surroundings } from './world.js'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

/** What the figures were measured on. */
export interface Machine {
  date: string
  commit: string
  cpu: string
  cores: number
  memoryGb: number
  system: string
  /** processes that were ready to run, on average of the last minute, before the run */
  loadBefore: number
  isPinned: boolean
  versions: Record<string, string>
}

export async function describeMachine({ database }: Pick<Surroundings, 'database'>): Promise<Machine> {
  const [server] = await database.db.$queryRaw<{ version: string }[]>`SELECT version()`
  const dependencies = JSON.parse(read('../package.json')).dependencies as Record<string, string>
  const peers = JSON.parse(read('./peers/package.json'))
  const { fastify = '', '@prisma/adapter-pg': prisma = '' } = dependencies
  return {
    date: new Date().toISOString(),
    commit: git('rev-parse', '--short', 'HEAD'),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    loadBefore: loadavg()[0] ?? 0,
    isPinned,
    versions: {
      node: process.version,
      postgresql: server?.version.split(' ')[1] ?? 'unknown',
      fastify,
      prisma,
      ...peers.dependencies,
      ...peers.optionalDependencies,
    },
  }
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return 'unknown'
  }
}

/** Writes a run to bench/results/; returns the file. */
export function writeResults(
  machine: Machine,
  options: Surroundings['options'],
  results: Record<string, readonly Figure[]>,
  loadShare: number,
): string {
  const folder = fileURLToPath(new URL('./results/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const { sockets, runs } = options
  const file = `${folder}${machine.date.replace(/[:.]/g, '-')}.json`
  const content = { machine, options: { sockets, runs }, highestLoadShare: loadShare, results }
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`)
  return file
}
