import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { testDatabase } from '../helpers/database.js'
import { createClient } from '../helpers/http-client.js'
import { startOtlpCollector } from '../helpers/otlp-collector.js'
import { latestBuild } from '../helpers/pages.js'
import { spawnService } from '../helpers/service-process.js'
import { until } from '../helpers/until.js'

const SDK =
  /class (?:BatchSpanProcessor|OTLPTraceExporter|FastifyOtelInstrumentation)\b|PrismaInstrumentation = class/

/** The files that are loaded with a file of the build, before any `import()`. */
function loadedWith(file: string, found = new Map<string, string>()): Map<string, string> {
  const path = join(latestBuild(), 'src', file)
  if (found.has(file)) return found
  const text = readFileSync(path, 'utf8')
  found.set(file, text)
  const imports = text.matchAll(/^(?:import|export)\b[^\n]*?["']\.\/([^"']+)["'];?$/gm)
  for (const [, next = ''] of imports) loadedWith(next, found)
  return found
}

t.test('while tracing is off no code of OpenTelemetry’s SDK is loaded', async (t) => {
  const loaded = new Map([...loadedWith('server.js'), ...loadedWith('app.js')])
  t.ok(loaded.size > 5, `${loaded.size} files`)
  for (const [file, text] of loaded) t.notMatch(text, SDK, file)
})

t.test('the built service sends its spans, the last ones when it is stopped', async (t) => {
  const collector = await startOtlpCollector(t)
  const { url: DATABASE_URL } = await testDatabase(t, { demo: true })
  const service = spawnService(t, {
    program: [join(latestBuild(), 'src/server.js')],
    env: {
      DATABASE_URL,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '60000',
      DRAIN_SECONDS: '0',
    },
  })
  const { url } = await service.listening()
  t.equal((await createClient(url).get('/api/seats/demo-a1')).status, 200)
  service.child.kill('SIGTERM')
  t.same(await service.ended(), [0, null])
  const names = await until(
    () => collector.spans.length > 0 && collector.spans.map(({ name }) => name),
    'spans',
  )
  t.ok(names.includes('GET /api/seats/:seatToken'), names.join(', '))
  t.match(collector.spans[0]?.resource, { 'service.name': 'houselights' })
})

t.test('a collector that does not answer holds up neither requests nor the stop', async (t) => {
  const { url: DATABASE_URL } = await testDatabase(t, { demo: true })
  const service = spawnService(t, {
    program: [join(latestBuild(), 'src/server.js')],
    // no port of this machine answers there
    env: { DATABASE_URL, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', DRAIN_SECONDS: '0' },
  })
  const { url } = await service.listening()
  t.equal((await createClient(url).get('/api/seats/demo-a1')).status, 200)
  service.child.kill('SIGTERM')
  t.same(await service.ended(), [0, null])
})
