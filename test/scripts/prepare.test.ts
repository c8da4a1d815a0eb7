import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fakeProject } from './fake-project.js'

const isRoot = process.getuid?.() === 0
const ONLY_ROOT = 'only root can be another user'

const ALL = ['npm ci', 'prisma generate', 'tsc -p', 'vite build']

t.test('a fresh clone: everything once, then nothing, then what changed', async (t) => {
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
  t.equal(second.output(), '', 'nothing to do, nothing to say')
  t.equal(project.tools().length, 4)

  project.write('src/words.txt', 'other')
  await project.run('prepare.mjs').ended
  t.strictSame(project.tools().slice(4).sort(), ['tsc -p', 'vite build'])
  t.equal(project.builds().length, 2, 'a build of its own, beside the old one')

  project.write('src/words.txt', 'word')
  await project.run('prepare.mjs').ended
  t.equal(project.tools().length, 6, 'sources that were built before are not built again')
  t.equal(readFileSync(join(project.root, 'dist/latest'), 'utf8'), `${build}\n`)

  project.write('prisma/schema.prisma', 'model B {}')
  await project.run('prepare.mjs').ended
  t.strictSame(project.tools().slice(6).sort(), ['prisma generate', 'tsc -p', 'vite build'])

  project.write('package-lock.json', '{"packages":{"":{}}}')
  await project.run('prepare.mjs').ended
  t.strictSame(project.tools().slice(9).sort(), ALL)
})

t.test('for the Prisma CLI packages and client are enough', async (t) => {
  const project = fakeProject(t)
  t.match(await project.run('prepare.mjs', '--packages').ended, { code: 0 })
  t.strictSame(project.tools(), ['npm ci', 'prisma generate'])
  t.strictSame(project.builds(), [])
})

t.test('packages that somebody installed by hand are not installed again', async (t) => {
  const project = fakeProject(t)
  const lock = readFileSync(join(project.root, 'package-lock.json'), 'utf8')
  await project.run('prepare.mjs').ended
  mkdirSync(join(project.root, 'node_modules/tool'))
  project.write('node_modules/.houselights-stamp', '{}')
  project.write('node_modules/.package-lock.json', lock.replace('1.0.0', '0.9.0'))
  await project.run('prepare.mjs').ended
  t.equal(project.tools().filter((tool) => tool === 'npm ci').length, 2, 'another version is another package')
  project.write('node_modules/.houselights-stamp', '{}')
  project.write('node_modules/.package-lock.json', lock)
  await project.run('prepare.mjs').ended
  t.equal(project.tools().filter((tool) => tool === 'npm ci').length, 2)
})

t.test('two that start at once do it once', async (t) => {
  const project = fakeProject(t)
  const runs = [project.run('prepare.mjs'), project.run('prepare.mjs'), project.run('prepare.mjs')]
  for (const run of runs) t.match(await run.ended, { code: 0 }, run.output())
  t.strictSame(project.tools().sort(), ALL)
  t.notOk(existsSync(join(project.root, '.data/prepare.lock')))
})

t.test('one that was killed in the middle holds up nobody', async (t) => {
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

t.test('a build that fails says why, leaves nothing, and the next one tries again', async (t) => {
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

t.test('old builds go, but not one that a process runs from', async (t) => {
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

t.test('npm start is the service: signals reach it and its exit code counts', async (t) => {
  const project = fakeProject(t)
  const run = project.run('start.mjs')
  await run.says(/^up \d/m)
  const [build = ''] = project.builds()
  t.ok(existsSync(join(project.root, 'dist', build, `.running-${run.child.pid}`)))
  run.child.kill('SIGTERM')
  t.strictSame(await run.ended, { code: 0, signal: null })
  t.match(run.output(), /draining/)
  t.notOk(existsSync(join(project.root, 'dist', build, `.running-${run.child.pid}`)))
})

t.test(
  'a user who may only read the project runs what is prepared',
  { skip: !isRoot && ONLY_ROOT },
  async (t) => {
    const project = fakeProject(t)
    await project.run('prepare.mjs').ended
    const run = project.runAsStranger('start.mjs')
    await run.says(/^up \d/m)
    run.child.kill('SIGTERM')
    t.strictSame(await run.ended, { code: 0, signal: null }, run.output())
  },
)

t.test('and is told in one line that they can’t prepare it', { skip: !isRoot && ONLY_ROOT }, async (t) => {
  const run = fakeProject(t).runAsStranger('start.mjs')
  t.match(await run.ended, { code: 1 })
  t.match(
    run.output(),
    /^houselights: EACCES: .*: prepare it as the user that the project’s folder belongs to\n$/,
  )
})

t.test('where npm can’t write its own cache it gets one of the project', async (t) => {
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
  // below a file no folder can be made, by root neither
  process.env.npm_config_cache = join(project.root, 'package.json/cache')
  project.write('package-lock.json', '{"packages":{"":{}}}')
  t.match(await project.run('prepare.mjs').ended, { code: 0 })
  t.equal(options().split(' ').at(-1), `--cache=${join(project.root, '.data/npm-cache')}`)
})

t.test('a signal while it prepares ends it', async (t) => {
  const project = fakeProject(t)
  project.write('hold', '')
  const run = project.run('start.mjs')
  await project.appears('tools.log')
  run.child.kill('SIGTERM')
  t.match(await run.ended, { code: 143 })
})
