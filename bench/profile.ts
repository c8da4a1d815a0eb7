import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Teardown } from '../test/helpers/teardown.js'
import { CHANGES } from './changes.js'
import { measureChanges } from './scenarios/changes.js'
import { type BenchOptions, enter, openWorld } from './world.js'

interface Frame {
  functionName: string
  url: string
  lineNumber: number
}

interface CpuProfile {
  nodes: { id: number; callFrame: Frame; children?: number[] }[]
  samples: number[]
  timeDeltas: number[]
}

const TOP = 25
const RUNS = 20

/** Makes one kind of change many times in a profiled service; returns where its CPU went, by package and by function. */
export async function profileChange(t: Teardown, options: BenchOptions, change: string): Promise<string> {
  if (!CHANGES.some(({ name }) => name === change)) {
    throw new Error(`no change is called ${change}: ${CHANGES.map(({ name }) => name).join(', ')}`)
  }
  const folder = mkdtempSync(join(tmpdir(), 'houselights-profile-'))
  const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=200']
  const world = await openWorld(t, { ...options, runs: RUNS, flags })
  await measureChanges(enter(world, t), change)
  const [file = ''] = readdirSync(folder)
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile
  return `${summaryOf(profile, change)}\n\nThe whole profile: ${join(folder, file)}`
}

/** µs in the function itself, and with what it calls. */
interface Time {
  self: number
  total: number
}

class Times {
  private readonly times = new Map<string, Time>()
  private busy = 0

  /** `stack`: names from the function that ran to its outermost caller; each counts once. */
  add(stack: readonly string[], micros: number): void {
    this.busy += micros
    const [own = ''] = stack
    this.of(own).self += micros
    for (const name of new Set(stack)) this.of(name).total += micros
  }

  private of(name: string): Time {
    const time = this.times.get(name) ?? { self: 0, total: 0 }
    this.times.set(name, time)
    return time
  }

  lines(by: keyof Time): string[] {
    const percent = (micros: number) => `${((micros / this.busy) * 100).toFixed(1).padStart(6)} %`
    return [...this.times]
      .sort(([, a], [, b]) => b[by] - a[by])
      .slice(0, TOP)
      .map(([name, { self, total }]) => `${percent(self)} ${percent(total)}  ${name}`)
  }
}

const NATIVE = '(native)'
const IDLE = new Set(['(idle)', '(root)'])

function summaryOf({ nodes, samples, timeDeltas }: CpuProfile, change: string): string {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])))
  const stackOf = (id: number) => {
    const stack: Frame[] = []
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at)?.callFrame
      if (frame && !IDLE.has(frame.functionName)) stack.push(frame)
    }
    return stack
  }
  const packages = new Times()
  const functions = new Times()
  // the first half is the start of the service
  const from = timeDeltas.reduce((sum, delta) => sum + delta, 0) / 2
  let elapsed = 0
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0
    elapsed += delta
    const stack = stackOf(id)
    if (elapsed < from || stack.length === 0) continue
    // what Node's own C++ does counts for its caller
    packages.add(
      stack.map(packageOf).filter((name) => name !== NATIVE),
      delta,
    )
    functions.add(stack.map(nameOf), delta)
  }
  return [
    `${change}: CPU by package, itself and with what it calls`,
    ...packages.lines('self'),
    '',
    'by function',
    ...functions.lines('self'),
    '',
    'by function with what it calls',
    ...functions.lines('total'),
  ].join('\n')
}

const nameOf = (frame: Frame) =>
  `${frame.functionName || '(anonymous)'} ${packageOf(frame)}:${frame.lineNumber + 1}`

/** The package of a function, or the file of ours. */
function packageOf({ url, functionName }: Frame): string {
  if (functionName === '(garbage collector)' || functionName === '(program)') return functionName
  const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
  if (name) return name
  if (url.startsWith('node:')) return 'node'
  if (url.startsWith('wasm:')) return 'wasm'
  return /dist\/[^/]+\/(src\/database\/generated|.*)/.exec(url)?.[1] ?? (url || NATIVE)
}
