import { execFile } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { freePort } from '../../scripts/cluster/programs.js'
import { newDatabase } from '../helpers/database-template.js'
import { PROJECT } from '../helpers/embedded-servers.js'
import { createClient } from '../helpers/http-client.js'
import { untilSame } from '../helpers/until.js'
import { openFolder } from './release.js'
import { supervise } from './supervisor.js'

// An update of a systemd host by deploy/update.sh, with real releases, nodes and database; only systemd is a stand-in.

const run = promisify(execFile)
const folder = openFolder(t)
const releases = join(folder, 'releases')
mkdirSync(releases)
await run(process.execPath, [join(PROJECT, 'scripts/build.mjs'), '--out', join(releases, 'one')])

/** A later release, with a migration and a service worker of its own. */
function makeRelease(name: string, from: string): string {
  const release = join(releases, name)
  cpSync(join(releases, from), release, { recursive: true })
  const migration = join(release, `prisma/migrations/9999010100000${releaseNumber++}_${name}`)
  mkdirSync(migration)
  writeFileSync(join(migration, 'migration.sql'), `CREATE TABLE of_release_${name} (id INTEGER PRIMARY KEY)`)
  appendFileSync(join(release, 'web/sw.js'), `\n// release ${name}\n`)
  return release
}
let releaseNumber = 0
appendFileSync(join(releases, 'one/web/sw.js'), '\n// release one\n')
const two = makeRelease('two', 'one')
const broken = makeRelease('broken', 'two')
writeFileSync(join(broken, 'server.js'), 'process.exit(1)')

const settings = {
  DATABASE_URL: await newDatabase(t),
  SECRET_KEY: 'test-signing-secret-that-nobody-may-see',
  PAYMENT_WEBHOOK_SECRET: 'test-webhook-secret-that-nobody-may-see',
  PAYMENT_PROVIDER: 'razorpay',
  LAME_DUCK_SECONDS: '0',
  DRAIN_SECONDS: '0',
}
writeFileSync(
  join(folder, 'environment'),
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join(''),
)
const env = {
  PATH: process.env.PATH ?? '',
  NODE_ENV: 'production',
  HOUSELIGHTS_ENV_FILE: join(folder, 'environment'),
}
symlinkSync('releases/one', join(folder, 'current'))
const ports = [await freePort(), await freePort()]
const { bin, pid } = supervise(t, folder, { ports, env })

/** The release that the node on the port serves; null while it can't be asked. */
async function releaseOf(port: number): Promise<string | null> {
  const client = createClient(`http://127.0.0.1:${port}`)
  try {
    const [ready, worker] = [await client.get('/readyz'), await client.get('/sw.js')]
    return ready.status === 200 ? (worker.text.match(/(?<=\/\/ release )\w+(?=\n$)/)?.[0] ?? null) : null
  } catch {
    return null
  }
}
const running = () => Promise.all(ports.map(releaseOf))

interface Ran {
  code: number
  err: string
}

const update = (...args: string[]): Promise<Ran> =>
  run('sh', [join(PROJECT, 'deploy/update.sh'), ...args], {
    env: { ...env, PATH: `${bin}:${env.PATH}`, READY_SECONDS: args[0] === broken ? '2' : '60' },
  }).then(
    ({ stderr }) => ({ code: 0, err: stderr }),
    ({ code, stderr }) => ({ code, err: stderr }),
  )

t.test('a node that dies once the next release has migrated comes back from the old one', async (t) => {
  await untilSame(t, 'both nodes run', running, ['one', 'one'])
  await run(process.execPath, [join(two, 'command.js'), 'migrate', 'deploy'], { env })
  const [port = 0] = ports
  const before = pid(port)
  process.kill(before, 'SIGKILL')
  await untilSame(t, 'another process', () => pid(port) !== before, true)
  await untilSame(t, 'both nodes run', running, ['one', 'one'])
})

t.test('an update changes the link, and then one node after the other', async (t) => {
  const { code, err } = await update(two, ...ports.map(String))
  t.equal(code, 0, err)
  t.match(err, new RegExp(ports.map((port) => `houselights: the node on port ${port} runs two\n`).join('')))
  t.equal(readlinkSync(join(folder, 'current')), 'releases/two')
  t.strictSame(await running(), ['two', 'two'])
})

t.test('a release that does not start is taken back', async (t) => {
  const { code, err } = await update(broken, ...ports.map(String))
  t.equal(code, 1, err)
  t.match(err, `houselights: the node on port ${ports[0]} is not ready: back to ${two}; see journalctl`)
  t.equal(readlinkSync(join(folder, 'current')), 'releases/two')
  await untilSame(t, 'both nodes run the release before', running, ['two', 'two'])
})

t.test('wrong arguments change nothing', async (t) => {
  for (const args of [[], [two], [folder, '3001'], [`${releases}/none`, '3001']])
    t.match(await update(...args), { code: 2, err: /usage: / }, args.join(' '))
  t.equal(readlinkSync(join(folder, 'current')), 'releases/two')
})
