import { parseArgs } from 'node:util'
import { TeardownList } from '../helpers/teardown.js'
import { runChaos } from './chaos.js'
import { describeChaos } from './chaos-report.js'

// `npm run chaos -- --minutes 30 --seed N [--clients 200] [--logs FOLDER]`

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    clients: { type: 'string', default: '200' },
    logs: { type: 'string' },
  },
})
const [minutes, seed, clients] = [Number(values.minutes), Number(values.seed), Number(values.clients)]
if (!(minutes > 0) || !Number.isInteger(seed) || !(clients > 0)) {
  process.stderr.write('npm run chaos -- --minutes 30 --seed 7 --clients 200 --logs /tmp/chaos\n')
  process.exit(2)
}

const opened = new TeardownList()
const print = (line: string) => void process.stdout.write(`${line}\n`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void opened.closeAll().finally(() => process.exit(130)))
}

print(`${minutes} minutes of chaos, seed ${seed}`)
try {
  const forMs = minutes * 60_000
  const report = await runChaos(opened, { seed, forMs, clients, logs: values.logs ?? null, print })
  for (const line of describeChaos(report)) print(line)
  process.exitCode = report.violations.length === 0 ? 0 : 1
} finally {
  await opened.closeAll()
}
process.exit()
