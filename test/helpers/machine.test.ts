import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import t from 'tap'
import { findOnPath, requireProgram, systemOf } from './programs.js'
import { startRedis, testRedis } from './redis.js'

t.test('a missing program is told with the one command that helps', async (t) => {
  const path = process.env.PATH
  const folder = t.testdir({ 'not-executable': '' })
  t.teardown(() => {
    process.env.PATH = path
  })
  t.equal(findOnPath(['no-such-program', 'sh'])?.endsWith('/sh'), true)
  process.env.PATH = folder
  t.equal(findOnPath(['not-executable']), null)
  const remedy = { debian: 'this one', darwin: 'this one', other: 'this one' }
  t.throws(
    () => requireProgram({ name: 'Thing', commands: ['not-executable'], debianPackage: 'thing', remedy }),
    {
      message: 'Thing is needed and not on this machine. Run: this one',
    },
  )
  t.equal(
    requireProgram({
      name: 'Node',
      commands: ['x'],
      paths: [join(folder, 'none'), process.execPath],
      debianPackage: 'nodejs',
      remedy,
    }),
    process.execPath,
  )
})

t.test('systems are told apart', async (t) => {
  t.equal(systemOf('linux', 'NAME="Debian"\nID=debian\n'), 'debian')
  t.equal(systemOf('linux', 'ID=ubuntu\nID_LIKE=debian\n'), 'other')
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
