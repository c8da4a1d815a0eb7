import { parseArgs } from 'node:util'
import { measure, summarize } from './storms/measure.js'
import { SCENARIOS } from './storms/scenarios.js'
import { Target } from './storms/target.js'

// Storms against a running node: how long its staff wait for their page meanwhile, and how much memory it takes. The
// account must be a member of staff, or an admin, of the seats' theatre.

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:3000' },
    scenario: { type: 'string', multiple: true, default: Object.keys(SCENARIOS) },
    username: { type: 'string', default: 'staff' },
    admin: { type: 'string', default: 'admin' },
    password: { type: 'string', default: 'houselights-demo' },
    seats: { type: 'string', default: 'demo-a1,demo-a2,demo-b1,demo-b2,demo-c1,demo-c2,demo-d1,demo-d2' },
    guests: { type: 'string', default: '150' },
    'at-once': { type: 'string', default: '60' },
    addresses: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '30' },
    'metrics-token': { type: 'string' },
  },
})

const megabytes = (bytes: number | null) =>
  bytes === null ? 'unknown' : `${Math.round(bytes / 1_048_576)} MB`

for (const name of values.scenario) {
  const scenario = SCENARIOS[name]
  if (!scenario) throw new Error(`no scenario ${name}; there are: ${Object.keys(SCENARIOS).join(', ')}`)
  console.log(`\n${name}: ${scenario.about}`)
  const target = await Target.open({
    url: values.url,
    username: values.username,
    admin: values.admin,
    password: values.password,
    seats: values.seats.split(','),
    metricsToken: values['metrics-token'],
  })
  const storm = await scenario.prepare(target, {
    guests: Number(values.guests),
    atOnce: Number(values['at-once']),
    addresses: Number(values.addresses),
  })
  const { calm, during, memory } = await measure(target, storm, {
    probes: 5,
    atLeastMs: Number(values.seconds) * 1000,
    patienceMs: 40_000,
  })
  for (const [when, probes] of [
    ['before', calm],
    ['during', during],
  ] as const) {
    const { median, longest, none } = summarize(probes)
    console.log(
      `  staff's page ${when}: ${median.toFixed(0)} ms, at most ${longest.toFixed(0)} ms, ${none} of ${probes.length} without`,
    )
  }
  console.log(
    `  ${storm.done} handshakes or writes; refused: ${JSON.stringify(Object.fromEntries(storm.refused))}`,
  )
  console.log(`  memory: ${megabytes(memory.before)}, then at most ${megabytes(memory.most)}`)
}
process.exit(0)
