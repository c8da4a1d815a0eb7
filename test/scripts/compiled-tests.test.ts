import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { compileTests } from '../../scripts/lib/compiled-tests.mjs'
import { testFiles } from '../../scripts/lib/test-files.mjs'
import { PROJECT } from '../helpers/embedded-servers.js'

const SUM = `export const sum = (a: number, b: number): number => a + b
export const broken = (): never => {
  throw new Error('broken')
}
`

/** in parts, since the bundle that holds this file replaces it in strings too */
const OWN_URL = ['import', 'meta', 'url'].join('.')

const inProject = (folder: string, file: string) => relative(PROJECT, join(folder, file))

async function runCompiled(file: string) {
  const compiled = await compileTests([file])
  try {
    const args = ['--enable-source-maps', compiled.pathOf(file)]
    const env = { ...process.env, ...compiled.env }
    return spawnSync(process.execPath, args, { cwd: PROJECT, env, encoding: 'utf8' })
  } finally {
    compiled.remove()
  }
}

t.test('stacks name the sources, and files are found beside them', async (t) => {
  const folder = t.testdir({
    'sum.ts': SUM,
    'data.txt': 'text',
    'run.ts': `import { readFileSync } from 'node:fs'
import { broken, sum } from './sum.js'
console.log(sum(1, 2), readFileSync(new URL('data.txt', ${OWN_URL}), 'utf8'))
broken()
`,
  })
  const { stdout, stderr, status } = await runCompiled(inProject(folder, 'run.ts'))
  t.equal(stdout, '3 text\n')
  t.equal(status, 1)
  t.match(stderr, `${inProject(folder, 'sum.ts')}:3:9`)
  t.match(stderr, `${inProject(folder, 'run.ts')}:4:1`)
})

t.test('a program that a test starts is bundled with it', async (t) => {
  const folder = t.testdir({ 'sum.ts': SUM, 'program.ts': `import { broken } from './sum.js'\nbroken()\n` })
  const program = inProject(folder, 'program.ts')
  const starter = `import { spawnSync } from 'node:child_process'
import { nodeArguments } from ${JSON.stringify(join(PROJECT, 'test/helpers/source-program.ts'))}
const args = nodeArguments('${program}')
console.log(args.join(' '))
console.log(spawnSync(process.execPath, args, { encoding: 'utf8' }).stderr)
`
  writeFileSync(join(folder, 'starter.ts'), starter)
  const { stdout } = await runCompiled(inProject(folder, 'starter.ts'))
  t.match(stdout, /^--enable-source-maps \S+program\.js\n/)
  t.match(stdout, `${inProject(folder, 'sum.ts')}:3:9`)
})

t.test('files of one process: each is a subtest, and ends before the next is loaded', async (t) => {
  const file = (name: string) => `import t from 'tap'
console.log('# ${name} loads')
t.teardown(() => console.log('# ${name} ends'))
t.test('inner', async (t) => { t.ok(true) })
`
  const folder = t.testdir({ 'a.test.ts': file('a'), 'b.test.ts': file('b') })
  const runs = ['a', 'b'].map(
    (name) => `await runFile('${name}', () => import(${JSON.stringify(join(folder, `${name}.test.ts`))}))\n`,
  )
  const runner = JSON.stringify(join(PROJECT, 'scripts/lib/part-file.mjs'))
  writeFileSync(join(folder, 'part.mjs'), `import { runFile } from ${runner}\n${runs.join('')}`)
  const { stdout, status } = await runCompiled(inProject(folder, 'part.mjs'))
  t.equal(status, 0)
  t.strictSame(stdout.match(/^# \w (?:loads|ends)$/gm), ['# a loads', '# a ends', '# b loads', '# b ends'])
  t.strictSame(stdout.match(/^ok \d - \w/gm), ['ok 1 - a', 'ok 2 - b'])
})

t.test('names of test files are files, folders or globs; what starts programs comes first', async (t) => {
  t.strictSame(await testFiles(['test/limits/refusals.test.ts']), ['test/limits/refusals.test.ts'])
  const limits = await testFiles(['test/limits'])
  t.ok(limits.length > 1)
  t.strictSame(await testFiles(['test/limits/*.test.ts']), limits)
  t.strictSame(await testFiles(['test/nothing.test.ts']), [])
  const all = await testFiles([])
  t.match(all[0], /^test\/cluster\//)
  t.ok(limits.every((file) => all.includes(file)))
  t.equal(new Set(all).size, all.length)
})
