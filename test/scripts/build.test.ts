import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { newDatabase } from '../helpers/database-template.js'
import { PROJECT } from '../helpers/embedded-servers.js'
import { createClient } from '../helpers/http-client.js'
import { spawnService } from '../helpers/service-process.js'

const NOBODY = 65534
const isRoot = process.getuid?.() === 0

const build = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join(PROJECT, 'scripts/build.mjs'), ...args])

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
  t.strictSame(readdirSync(folder, { recursive: true }), before, 'it writes nothing there')
})

t.test('npm run build without a folder is a one-line error', async (t) => {
  await t.rejects(build(), /houselights: name the folder: npm run build -- --out FOLDER\n/)
})
