import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fakeProject } from './fake-project.js'

const isRoot = process.getuid?.() === 0
const ONLY_ROOT = 'requires root, to run as another user'

const ALL = ['npm ci', 'prisma generate', 'rolldown -c', 'vite build']

t.test('a fresh clone does everything once, then nothing, then only what changed', async (t) => {
  const project = fakeProject(t)
  const first = project.run('prepare.mjs')
  t.match(await first.ended, { code: 0 }, first.output())
  t.strictSame(project.tools().sort(), ALL)
  t.match(first.output(), /installing packages.*…\n.*done in/)
  const [build = ''] = project.builds()
  t.equal(readFileSync(join(project.root, 'dist/latest'), 'utf8'), `${build}\n`)
  t.equal(readFileSync(join(project.root, 'dist', build, 'web/index.html'), 'utf8'), 'page')
  t.equal(readFileSync(join(project.root, 'dist', build, 'src/words.txt'), 'utf8'), 'word')
  t.ok(existsSync(join(project.root, 'dist', build, 'prisma/migrations/one/migration.sql')))
  t.notOk(existsSync(join(project.root, 'dist', build, 'src/server.ts')))

  const second = project.run('prepare.mjs')
  t.match(await second.ended, { code: 0 })
  t.equal(second.output(), '', 'prints nothing when there is nothing to do')
  t.equal(project.tools().length, 4)

  project.write('src/words.txt', 'other')
  await project.run('prepare.mjs').ended
  t.strictSame(project.tools().slice(4).sort(), ['rolldown -c', 'vite build'])
  t.equal(project.builds().length, 2, 'a new build next to the old one')

  project.write('src/words.txt', 'word')
  await project.run('prepare.mjs').ended
  t.equal(project.tools().length, 6, 'earlier sources are not built again')
  t.equal(readFileSync(join(project.root, 'dist/latest'), 'utf8'), `${build}\n`)

  project.write('prisma/schema.prisma', 'model B {}')
  await project.run('prepare.mjs').ended
  t.strictSame(project.tools().slice(6).sort(), ['prisma generate', 'rolldown -c', 'vite build'])

  project.write('package-lock.json', '{"packages":{"":{}}}')
  await project.run('prepare.mjs').ended
  t.strictSame(project.tools().slice(9).sort(), ALL)
})

t.test('--packages installs packages and the client, and builds nothing', async (t) => {
  const project = fakeProject(t)
  t.match(await project.run('prepare.mjs', '--packages').ended, { code: 0 })
  t.strictSame(project.tools(), ['npm ci', 'prisma generate'])
  t.strictSame(project.builds(), [])
})

t.test('packages installed by hand are not installed again', async (t) => {
  const project = fakeProject(t)
  const lock = readFileSync(join(project.root, 'package-lock.json'), 'utf8')
  await project.run('prepare.mjs').ended
  mkdirSync(join(project.root, 'node_modules/tool'))
  project.write('node_modules/.houselights-stamp', '{}')
  project.write('node_modules/.package-lock.json', lock.replace('1.0.0', '0.9.0'))
  await project.run('prepare.mjs').ended
  t.equal(project.tools().filter((tool) => tool === 'npm ci').length, 2, 'a different version is reinstalled')
  project.write('node_modules/.houselights-stamp', '{}')
  project.write('node_modules/.package-lock.json', lock)
  await project.run('prepare.mjs').ended
  t.equal(project.tools().filter((tool) => tool === 'npm ci').length, 2)
})

t.test('concurrent runs do each step once', async (t) => {
  const project = fakeProject(t)
  const runs = [project.run('prepare.mjs'), project.run('prepare.mjs'), project.run('prepare.mjs')]
  for (const run of runs) t.match(await run.ended, { code: 0 }, run.output())
  t.strictSame(project.tools().sort(), ALL)
  t.notOk(existsSync(join(project.root, '.data/prepare.lock')))
})

t.test('a killed run does not block the next one', async (t) => {
  const project = fakeProject(t)
  project.write('hold', '')
  const killed = project.run('prepare.mjs')
  await project.appears('tools.log')
  killed.child.kill('SIGKILL')
  t.match(await killed.ended, { signal: 'SIGKILL' })
  rmSync(join(project.root, 'hold'))
  const next = project.run('prepare.mjs')
  t.match(await next.ended, { code: 0 }, next.output())
})

t.test('a failed build prints the reason, leaves no files, and is retried by the next run', async (t) => {
  const project = fakeProject(t)
  project.write('src/server.ts', 'BROKEN')
  const failed = project.run('prepare.mjs')
  t.match(await failed.ended, { code: 1 })
  t.match(failed.output(), /no such syntax\nhouselights: building the service failed/)
  t.strictSame(project.builds(), [])
  project.write('src/server.ts', '')
  t.match(await project.run('prepare.mjs').ended, { code: 0 })
  t.equal(project.builds().length, 1)
})

t.test('old builds are removed, unless a process runs them', async (t) => {
  const project = fakeProject(t)
  await project.run('prepare.mjs').ended
  const [inUse = ''] = project.builds()
  writeFileSync(join(project.root, 'dist', inUse, `.running-${process.pid}`), '')
  utimesSync(join(project.root, 'dist', inUse), 1, 1)
  for (let change = 0; change < 5; change++) {
    project.write('src/words.txt', `${change}`)
    await project.run('prepare.mjs').ended
  }
  t.equal(project.builds().length, 4, 'the newest three and the one in use')
  t.ok(project.builds().includes(inUse))
})

t.test(
  'npm start runs the service in its own process: signals reach it and its exit code is kept',
  async (t) => {
    const project = fakeProject(t)
    const run = project.run('start.mjs')
    await run.prints(/^up \d/m)
    const [build = ''] = project.builds()
    t.ok(existsSync(join(project.root, 'dist', build, `.running-${run.child.pid}`)))
    run.child.kill('SIGTERM')
    t.strictSame(await run.ended, { code: 0, signal: null })
    t.match(run.output(), /draining/)
    t.notOk(existsSync(join(project.root, 'dist', build, `.running-${run.child.pid}`)))
  },
)

t.test('a user with read-only access runs a prepared project', { skip: !isRoot && ONLY_ROOT }, async (t) => {
  const project = fakeProject(t)
  await project.run('prepare.mjs').ended
  const run = project.runAsOtherUser('start.mjs')
  await run.prints(/^up \d/m)
  run.child.kill('SIGTERM')
  t.strictSame(await run.ended, { code: 0, signal: null }, run.output())
})

t.test(
  'a user with read-only access gets a one-line error for an unprepared project',
  { skip: !isRoot && ONLY_ROOT },
  async (t) => {
    const run = fakeProject(t).runAsOtherUser('start.mjs')
    t.match(await run.ended, { code: 1 })
    t.match(run.output(), /\nhouselights: EACCES: .*: run it as the user who owns the project’s folder\n$/)
  },
)

t.test('npm gets a cache in the project when its own is not writable', async (t) => {
  const project = fakeProject(t)
  const { npm_config_cache: before } = process.env
  t.teardown(() => {
    if (before === undefined) delete process.env.npm_config_cache
    else process.env.npm_config_cache = before
  })
  const options = () => readFileSync(join(project.root, 'npm-options'), 'utf8')
  process.env.npm_config_cache = join(project.root, 'cache')
  t.match(await project.run('prepare.mjs').ended, { code: 0 })
  t.notMatch(options(), /--cache/)
  // no folder can be created below a file, not even by root
  process.env.npm_config_cache = join(project.root, 'package.json/cache')
  project.write('package-lock.json', '{"packages":{"":{}}}')
  t.match(await project.run('prepare.mjs').ended, { code: 0 })
  t.equal(options().split(' ').at(-1), `--cache=${join(project.root, '.data/npm-cache')}`)
})

t.test('a signal during preparation ends it', async (t) => {
  const project = fakeProject(t)
  project.write('hold', '')
  const run = project.run('start.mjs')
  await project.appears('tools.log')
  run.child.kill('SIGTERM')
  t.match(await run.ended, { code: 143 })
})
