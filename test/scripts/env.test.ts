import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { announceDatabase, loadEnvFile } from '../../scripts/lib/env.mjs'
import { PROGRAM_PATIENCE, within } from '../helpers/deadline.js'
import { fakeProject } from './fake-project.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** A service that prints variables of its environment, and exits. */
const PRINTING = `console.log(JSON.stringify([process.env.FROM_FILE, process.env.BOTH, process.env.EMPTY]))`

t.test('npm start reads .env; environment variables take precedence, even when empty', async (t) => {
  const project = fakeProject(t)
  project.write('src/server.ts', PRINTING)
  project.write('.env', '\uFEFFFROM_FILE="a b" # comment\nexport BOTH=file\nEMPTY=file\n')
  const run = project.runWith({ BOTH: 'environment', EMPTY: '' }, 'start.mjs')
  t.match(await run.ended, { code: 0 })
  t.match(run.output(), '["a b","environment",""]')
  t.notMatch(run.output(), /ExperimentalWarning/)
})

t.test('HOUSELIGHTS_ENV_FILE names another file instead', async (t) => {
  const project = fakeProject(t)
  project.write('src/server.ts', PRINTING)
  project.write('.env', 'FROM_FILE=default\nBOTH=default\n')
  project.write('staging.env', 'FROM_FILE=named\n')
  const run = project.runWith({ HOUSELIGHTS_ENV_FILE: 'staging.env' }, 'start.mjs')
  t.match(await run.ended, { code: 0 })
  t.match(run.output(), '["named",null,null]')
})

t.test('a named file that is missing, or is a folder, is a one-line error', async (t) => {
  const missing = { HOUSELIGHTS_ENV_FILE: '/nowhere/secret.env' }
  for (const script of ['start.mjs', 'command.mjs', 'cluster.mjs', 'bench.mjs', 'dev.mjs']) {
    const project = fakeProject(t)
    const run = project.runWith(missing, script)
    t.match(await run.ended, { code: 1 }, script)
    t.equal(
      run.output(),
      'houselights: HOUSELIGHTS_ENV_FILE names "/nowhere/secret.env", which cannot be read (ENOENT): create it, or make it a readable file\n',
    )
    t.strictSame(project.tools(), [], 'nothing was installed or built')
  }
  t.throws(() => loadEnvFile({ HOUSELIGHTS_ENV_FILE: t.testdir() }), /cannot be read \(EISDIR\)/)
})

t.test('the first line names the database, without its password', async (t) => {
  const project = fakeProject(t)
  project.write('src/server.ts', '')
  const embedded = project.run('start.mjs')
  await embedded.ended
  t.match(embedded.output(), /^houselights: database: embedded \(\.data\/postgres\)\n/)
  const cases: [url: string, shown: string][] = [
    [
      'postgres://ann:hunter2@db.example.com/shop?sslpassword=hunter2',
      'postgres://ann@db.example.com:5432/shop',
    ],
    ['postgresql://:hunter2@[::1]:6000/shop', 'postgresql://[::1]:6000/shop'],
  ]
  for (const [url, shown] of cases) {
    project.write('.env', `DATABASE_URL=${url}\n`)
    const run = project.run('start.mjs')
    await run.ended
    t.equal(run.output().split('\n')[0], `houselights: database: ${shown}`)
    t.notMatch(run.output(), /hunter2/)
  }
})

t.test('a URL that is none is not announced: an error follows, which does not quote it', async (t) => {
  const lines: string[] = []
  t.intercept(process.stderr, 'write', { value: (line: string) => lines.push(line) })
  announceDatabase('/data/postgres', { DATABASE_URL: 'secret that is not a URL' })
  t.strictSame(lines, [])
  announceDatabase('/data/postgres', {
    DATABASE_URL: 'postgresql:///shop?host=/run/postgresql&password=hunter2&schema=shop',
  })
  t.strictSame(lines, ['houselights: database: postgresql:///run/postgresql:5432/shop (schema shop)\n'])
})

const REMEDY = 'set it, or name the service’s environment file with HOUSELIGHTS_ENV_FILE'

t.test('production never gets the embedded database, whichever command', async (t) => {
  for (const script of ['start.mjs', 'command.mjs', 'cluster.mjs', 'dev.mjs']) {
    const project = fakeProject(t)
    project.write('.env', 'NODE_ENV=production\n')
    const run = project.run(script, 'user', 'create')
    t.match(await run.ended, { code: 1 }, script)
    t.equal(
      run.output(),
      `houselights: DATABASE_URL is missing: production needs the postgresql://… of its database: ${REMEDY}\n`,
    )
    t.strictSame(project.tools(), [], 'nothing was installed or built')
  }
})

t.test(
  'nor does a shell without the service’s environment, in a folder that serves production',
  async (t) => {
    const project = fakeProject(t)
    project.write('src/server.ts', '')
    project.write('service.env', 'NODE_ENV=production\nDATABASE_URL=postgresql://ann@127.0.0.1:1/shop\n')
    const service = project.runWith({ HOUSELIGHTS_ENV_FILE: 'service.env' }, 'start.mjs')
    t.match(await service.ended, { code: 0 }, service.output())
    const [build = ''] = project.builds()

    // a later build does not change what the folder serves
    project.write('src/server.ts', '// changed')
    const command = project.run('command.mjs', 'user', 'create', '--username', 'ann', '--role', 'admin')
    t.match(await command.ended, { code: 1 })
    t.equal(
      command.output(),
      `houselights: DATABASE_URL is missing: this folder serves production: ${REMEDY} (the service has read service.env); if it no longer does, delete dist/${build}/.production\n`,
    )
    const named = project.runWith({ HOUSELIGHTS_ENV_FILE: 'service.env' }, 'command.mjs')
    await named.ended
    t.match(named.output(), /^houselights: database: postgresql:\/\/ann@127\.0\.0\.1:1\/shop\n/)
    const help = project.run('command.mjs', 'user', '--help')
    t.match(await help.ended, { code: 0 }, help.output())

    rmSync(join(project.root, 'dist', build, '.production'))
    const development = project.run('start.mjs')
    t.match(await development.ended, { code: 0 })
    t.match(development.output(), /^houselights: database: embedded/)
  },
)

t.test('npx prisma reads the same file, and announces the database', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'prisma.env')
  writeFileSync(file, 'DATABASE_URL=postgresql://ann:hunter2@127.0.0.1:1/shop\n')
  const { DATABASE_URL: _, ...env } = process.env
  const prisma = async (named: string, verb = 'status') => {
    const child = spawn(process.execPath, ['node_modules/prisma/build/index.js', 'migrate', verb], {
      cwd: ROOT,
      env: { ...env, HOUSELIGHTS_ENV_FILE: named },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const all = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
    const [[code], out, err] = await within(all, PROGRAM_PATIENCE, 'prisma migrate status')
    return { code, out, err }
  }
  const { code, out, err } = await prisma(file)
  t.equal(code, 1)
  t.match(`${out}${err}`, /P1001[\s\S]*127\.0\.0\.1:1/)
  t.match(err, /^houselights: database: postgresql:\/\/ann@127\.0\.0\.1:1\/shop\n/)
  t.match(await prisma(`${file}.missing`), { code: 1, err: /^houselights: HOUSELIGHTS_ENV_FILE names .*\n$/ })
  writeFileSync(file, 'NODE_ENV=production\n')
  t.match(
    await prisma(file, 'deploy'),
    { code: 1, out: '', err: /^houselights: DATABASE_URL is missing: production needs .*\n$/ },
    'production never gets the embedded database',
  )
})
