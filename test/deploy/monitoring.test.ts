import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import { createClient } from '../helpers/http-client.js'
import { startService } from '../helpers/service.js'

// Alert rules and dashboard: what they ask for is there, and what docs/operations.md lists has a rule.

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const ALERTS = read('deploy/monitoring/alerts.yaml')
const DASHBOARD: unknown = JSON.parse(read('deploy/monitoring/dashboard.json'))
const run = promisify(execFile)

const service = await startService(t, { demo: true })
const client = createClient(service.url)
// a metric of sockets and one of requests have values once there was one
await client.get('/api/seats/demo-a1')
await client.get('/ws/all-seat-datasocket/')
const { text } = await client.get('/metrics')

/** The metrics that a text of rules asks for. */
const metricsIn = (rules: string) => [...new Set(rules.match(/\b(?:houselights|process|nodejs)_[a-z0-9_]+/g))]

t.test('each metric of a rule and of the dashboard is one that the service has', async (t) => {
  const asked = metricsIn(`${ALERTS}\n${JSON.stringify(DASHBOARD)}`)
  t.ok(asked.length > 12, asked.join(' '))
  for (const name of asked) {
    const family = name.replace(/_(?:bucket|count)$/, '')
    t.ok(text.includes(`# TYPE ${family} `), name)
  }
})

t.test('each metric of the service is on the dashboard', async (t) => {
  const shown = metricsIn(JSON.stringify(DASHBOARD)).map((name) => name.replace(/_(?:bucket|count)$/, ''))
  for (const [, name = ''] of text.matchAll(/^# TYPE (houselights_\S+)/gm)) t.ok(shown.includes(name), name)
})

t.test('the table of alarms names each rule, and no other', async (t) => {
  const rules = [...ALERTS.matchAll(/- alert: (\w+)/g)].map(([, name]) => name)
  const table = [...read('docs/operations.md').matchAll(/`(Houselights\w+)`/g)].map(([, name]) => name)
  t.same([...new Set(table)].sort(), rules.sort())
})

t.test('Prometheus accepts the rules, and they fire when they should', async (t) => {
  const cwd = new URL('../../deploy/monitoring/', import.meta.url)
  try {
    await run('promtool', ['--version'])
  } catch {
    t.pass('the rules', { skip: 'promtool is not installed' })
    return
  }
  await run('promtool', ['check', 'rules', 'alerts.yaml'], { cwd })
  await run('promtool', ['test', 'rules', 'alerts.test.yaml'], { cwd })
  t.pass('promtool has found no fault')
})
