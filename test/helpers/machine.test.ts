import { execFile } from 'node:child_process'
import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { findOnPath, installOptional, requireProgram, systemOf } from './programs.js'
import { startRedis, testRedis } from './redis.js'

const remedy = { darwin: 'brew this', other: 'do this' }

/** The PATH for one test: what is in the folder, and no more. */
function onlyPath(t: Test, folder: string): void {
  const before = process.env.PATH
  process.env.PATH = folder
  t.teardown(() => {
    process.env.PATH = before
  })
}

t.test('a missing program is told with the one command that helps', async (t) => {
  t.equal(findOnPath(['no-such-program', 'sh'])?.endsWith('/sh'), true)
  const folder = t.testdir({ 'not-executable': '' })
  onlyPath(t, folder)
  t.equal(findOnPath(['not-executable']), null)
  const thing = { name: 'Thing', commands: ['not-executable'], apt: { debian: 'thing' }, remedy }
  const helps = {
    debian: 'sudo apt-get install -y thing',
    ubuntu: 'do this',
    darwin: 'brew this',
    other: 'do this',
  }
  for (const [system, command] of Object.entries(helps)) {
    t.throws(() => requireProgram(thing, { system: system as keyof typeof helps, isRoot: false }), {
      message: `Thing is needed and not on this machine: ${command}`,
    })
    t.doesNotThrow(() => installOptional(thing, { system: system as keyof typeof helps, isRoot: false }))
  }
  const elsewhere = { ...thing, paths: [join(folder, 'none'), process.execPath] }
  t.equal(requireProgram(elsewhere), process.execPath)
})

t.test('as root on Debian it is installed, after a look at fresh lists when need be', async (t) => {
  const folder = t.testdir({
    'apt-get': `#!/bin/sh
      echo "$*" >> ${t.testdirName}/calls
      if [ "$1" = update ]; then echo > ${t.testdirName}/lists; exit 0; fi
      if [ ! -f ${t.testdirName}/lists ]; then echo "E: Unable to locate package" >&2; exit 100; fi
      for last; do :; done
      if [ "$last" = broken ]; then echo "E: broken" >&2; exit 100; fi
      /bin/cp /bin/sh ${t.testdirName}/thing
    `,
  })
  chmodSync(join(folder, 'apt-get'), 0o755)
  onlyPath(t, folder)
  const root = { system: 'debian', isRoot: true } as const
  const thing = { name: 'Thing', commands: ['thing'], apt: { debian: 'thing-server' }, remedy }
  t.throws(() => requireProgram({ ...thing, apt: { debian: 'broken' } }, root), {
    message: /Thing failed: .*E: broken/,
  })
  rmSync(join(folder, 'lists'))
  t.equal(requireProgram(thing, root), join(folder, 'thing'))
  t.match(
    readFileSync(join(folder, 'calls'), 'utf8'),
    /install -y .*thing-server\nupdate\ninstall -y .*thing-server\n$/,
  )
  rmSync(join(folder, 'thing'))
  t.throws(() => requireProgram(thing, { ...root, isRoot: false }), {
    message: /sudo apt-get install -y thing-server/,
  })
})

t.test('systems are told apart', async (t) => {
  t.equal(systemOf('linux', 'NAME="Debian"\nID=debian\n'), 'debian')
  t.equal(systemOf('linux', 'ID=ubuntu\nID_LIKE=debian\n'), 'ubuntu')
  t.equal(systemOf('linux', 'ID=fedora\n'), 'other')
  t.equal(systemOf('darwin', ''), 'darwin')
})

t.test('a Redis of one’s own: held, killed, started again empty', async (t) => {
  const redis = await startRedis(t)
  const client = new Redis(redis.url, { retryStrategy: () => 20 })
  t.teardown(() => client.disconnect())
  client.on('error', () => {})
  await client.set('a', '1')
  redis.pause()
  let answered = false
  const pong = client.ping().then(() => {
    answered = true
  })
  t.equal(answered, false)
  redis.resume()
  await pong
  await redis.kill()
  await redis.kill()
  await redis.restart()
  t.equal(await client.get('a'), null)
})

t.test(
  'the shared Redis is one for each file, and dies with its process',
  { skip: !!process.env.REDIS_URL },
  async (t) => {
    t.equal(await testRedis(), await testRedis())
    const code = `const { testRedis } = await import(${JSON.stringify(new URL('redis.ts', import.meta.url).href)})
    console.log(await testRedis()); setInterval(() => {}, 1000); process.kill(process.pid, 'SIGKILL')`
    const args = ['--import=tsx', '--input-type=module', '--eval', code]
    const { stdout } = await promisify(execFile)(process.execPath, args).catch(
      (error: { stdout: string }) => error,
    )
    const url = stdout.trim()
    t.not(url, await testRedis())
    const ended = new Promise<void>((resolve) => {
      const client = new Redis(url, { retryStrategy: () => null, lazyConnect: false })
      client.on('error', () => {})
      client.on('end', () => resolve())
    })
    await ended
    t.pass('nobody answers there any more')
  },
)
