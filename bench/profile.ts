import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Teardown } from '../test/helpers/teardown.js'
import { CHANGES } from './changes.js'
import { measureChanges } from './scenarios/changes.js'
import { type BenchOptions, openWorld } from './world.js'

interface CpuProfile {
  nodes: {
    id: number
    callFrame: { functionName: string; url: string; lineNumber: number }
  }[]
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
  await measureChanges(world, change)
  const [file = ''] = readdirSync(folder)
  const profile: CpuProfile = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  return `${summaryOf(profile, change)}\n\nThe whole profile: ${join(folder, file)}`
}

function summaryOf({ nodes, samples, timeDeltas }: CpuProfile, change: string): string {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]))
  const byPackage = new Map<string, number>()
  const byFunction = new Map<string, number>()
  // the first half is the start of the service
  const from = timeDeltas.reduce((sum, delta) => sum + delta, 0) / 2
  let elapsed = 0
  let busy = 0
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0
    elapsed += delta
    const frame = byId.get(id)
    if (elapsed < from || !frame || ['(idle)', '(root)'].includes(frame.functionName)) continue
    busy += delta
    const place = packageOf(frame)
    const name = `${frame.functionName || '(anonymous)'} ${place}:${frame.lineNumber + 1}`
    byPackage.set(place, (byPackage.get(place) ?? 0) + delta)
    byFunction.set(name, (byFunction.get(name) ?? 0) + delta)
  }
  const lines = (shares: Map<string, number>) =>
    [...shares]
      .sort(([, a], [, b]) => b - a)
      .slice(0, TOP)
      .map(([name, micros]) => `${((micros / busy) * 100).toFixed(1).padStart(6)} %  ${name}`)
  return [`${change}: CPU by package`, ...lines(byPackage), '', 'by function', ...lines(byFunction)].join(
    '\n',
  )
}

/** The package of a function, or the file of ours. */
function packageOf({ url, functionName }: { url: string; functionName: string }): string {
  if (functionName === '(garbage collector)' || functionName === '(program)') return functionName
  const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\/(?:.*wasm)?/.exec(url)?.[1]
  if (name) return name
  if (url.startsWith('node:')) return 'node'
  if (url.startsWith('wasm:')) return 'wasm'
  return /dist\/[^/]+\/(src\/database\/generated|.*)/.exec(url)?.[1] ?? (url || '(native)')
}
