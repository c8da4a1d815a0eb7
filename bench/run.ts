import { parseArgs } from 'node:util'
import { TeardownList } from '../test/helpers/teardown.js'
import { type Figure, goalsOf, tableOf } from './figures.js'
import { isPinned } from './processes.js'
import { profileChange } from './profile.js'
import { describeMachine, writeResults } from './results.js'
import { SCENARIOS } from './scenarios.js'
import { type BenchOptions, enter, openWorld, type Surroundings } from './world.js'

const USAGE = `npm run bench -- [--only ${SCENARIOS.map(({ name }) => name).join('|')}] [--quick] [--runs N] [--sockets N]
npm run bench -- --profile 'chat message'   where the CPU of one change goes`

/** Measures this service beside its peers, and prints medians, spreads and ratios. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      runs: { type: 'string' },
      sockets: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const chosen = SCENARIOS.filter(({ name }) => values.only?.includes(name) ?? true)
  if (values.help || chosen.length === 0) return console.log(USAGE)
  const { quick } = values
  const options: BenchOptions = {
    quick,
    sockets: Number(values.sockets ?? (quick ? 200 : 1000)),
    runs: Number(values.runs ?? (quick ? 2 : 5)),
    flags: [],
  }
  const opened = new TeardownList()
  try {
    if (values.profile) console.log(await profileChange(opened, options, values.profile))
    else await measure(await openWorld(opened, options), chosen)
  } finally {
    await opened.closeAll()
  }
}

async function measure(world: Surroundings, chosen: typeof SCENARIOS): Promise<void> {
  const machine = await describeMachine(world)
  console.log(
    `\n${machine.cpu}, ${machine.cores} cores, Node ${machine.versions.node}, load ${machine.loadBefore.toFixed(1)}; ` +
      `${isPinned ? 'server and load on a core each' : 'not bound to cores'}; ` +
      `${world.options.sockets} sockets; median (lowest–highest) of ${world.options.runs}`,
  )
  const results: Record<string, readonly Figure[]> = {}
  let share = 0
  for (const { name, title, measure: run } of chosen) {
    const opened = new TeardownList()
    const scenario = enter(world, opened)
    const figures = await run(scenario).catch((error: unknown) => {
      console.log(`\n${title} could not be measured: ${error instanceof Error ? error.message : error}`)
      process.exitCode = 1
      return null
    })
    await opened.closeAll()
    share = Math.max(share, scenario.load.highestShare)
    if (!figures) continue
    results[name] = figures
    console.log(`\n${tableOf(title, figures)}\n`)
    for (const line of goalsOf(figures)) console.log(line)
  }
  console.log(`\nThe load used at most ${(share * 100).toFixed(0)} % of its core.`)
  if (!world.options.quick) console.log(`Written to ${writeResults(machine, world.options, results, share)}`)
}

await main()
process.exit()
