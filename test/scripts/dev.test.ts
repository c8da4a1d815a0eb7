import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { PATIENCE, within } from '../helpers/deadline.js'
import { dataDirectory, gone, isRunning, PROJECT, postmasterPid } from '../helpers/embedded-servers.js'
import { createClient } from '../helpers/http-client.js'
import { TEST_SECRETS } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { connect } from '../helpers/socket-client.js'
import { until } from '../helpers/until.js'

const COPIED = ['package.json', 'package-lock.json', 'prisma.config.ts', 'tsconfig.json']
const COPIED_FOLDERS = ['src', 'plugins', 'routes', 'prisma', 'scripts', 'web']

interface Dev {
  root: string
  child: ChildProcess
  output(): string
  url: string
  /** Replaces text in a file of the copy. Throws when the file does not contain it. */
  edit(path: string, from: string, to: string): void
  ended(): Promise<unknown>
}

/** Starts `npm run dev` on a copy of this project. */
async function startDev(t: Test, env: Record<string, string> = {}): Promise<Dev> {
  const root = dataDirectory(t)
  const data = join(root, '.data')
  for (const name of [...COPIED, ...COPIED_FOLDERS]) {
    cpSync(join(PROJECT, name), join(root, name), {
      recursive: true,
      filter: (path) => !path.endsWith('generated'),
    })
  }
  symlinkSync(join(PROJECT, 'node_modules'), join(root, 'node_modules'))
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, ['scripts/dev.mjs'], {
    cwd: root,
    env: { PATH, PORT: '0', ...TEST_SECRETS, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
    const pid = postmasterPid(data)
    if (pid !== undefined) await gone(pid)
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  const address = () => /houselights is up at (http:\S+)/.exec(output)?.[1]
  await until(() => address() !== undefined || child.exitCode !== null, 'npm run dev to start', 120_000)
  return {
    root,
    child,
    output: () => output,
    url: address() ?? t.fail(output).toString(),
    edit(path, from, to) {
      const before = readFileSync(join(root, path), 'utf8')
      if (!before.includes(from)) throw new Error(`${path} does not contain ${from}`)
      writeFileSync(join(root, path), before.replace(from, to))
    },
    ended: () => within(exited, PATIENCE, () => `the end of npm run dev; it printed: ${output}`),
  }
}

/** Sends a request from another address of this machine, as from another computer. */
function from(localAddress: string, url: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    get(url, { localAddress, headers }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject)
    }).once('error', reject)
  })
}

/** Repeats the request until the answer is the wanted one. */
async function answers(url: string, isWanted: (status: number, body: string) => boolean): Promise<string> {
  const { body } = await until(async () => {
    const answer = await fetch(url)
    const body = await answer.text()
    return isWanted(answer.status, body) && { body }
  }, `the answer of ${url}`)
  return body
}

t.test('npm run dev: one port; changes of pages and of the service take effect', async (t) => {
  const dev = await startDev(t)
  t.match(dev.output(), /^houselights: database: embedded \(\.data\/postgres\)\n/)
  t.match(dev.output(), new RegExp(`staff +${dev.url}/login .*password houselights-demo`))
  t.match(dev.output(), `${dev.url}/docs`)

  await t.test('pages load their sources from Vite; API and sockets are the service’s', async (t) => {
    const shell = await (await fetch(`${dev.url}/login`)).text()
    t.match(shell, /src="\/vite\/@vite\/client"/)
    t.match(shell, /src="\/vite\/pages\/login\.tsx"/)
    const staff = await signIn(dev.url, 'staff')
    const options = { cookie: staff.cookie, protocol: 'houselights.v1' }
    const socket = await connect(`${dev.url}/ws/all-seat-datasocket/`, options)
    await socket.expect({ type: 'hello' })
    socket.subscribe()
    await socket.expect({ type: 'snapshot' })
    socket.terminate()
  })

  await t.test('hosts, origins and client addresses are checked as without the proxy', async (t) => {
    t.match(await from('127.0.0.1', `${dev.url}/login`, { host: 'evil.example' }), { status: 400 })
    t.match(await from('127.0.0.1', `${dev.url}/vite/pages/login.tsx`, { host: 'evil.example' }), {
      status: 403,
    })
    const origin = 'http://evil.example'
    const refusal = connect(`${dev.url}/ws/all-seat-datasocket/`, { origin, protocol: 'houselights.v1' })
    await t.rejects(refusal, { message: /^the handshake was refused: 403/ })
    t.match(await from('127.0.0.1', `${dev.url}/metrics`), { status: 200 })
    const forged = { 'x-forwarded-for': '192.0.2.1' }
    t.match(await from('127.0.0.1', `${dev.url}/metrics`, forged), { status: 403 })
    const path = '/api/auth/login'
    const before = dev.output().length
    await createClient(dev.url).post(path, { username: 'staff', password: 'wrong' }, { headers: forged })
    await until(() => /"address":"127\.0\.0\.1"/.test(dev.output().slice(before)), 'the address in the log')
    t.notMatch(dev.output().slice(before), '192.0.2.1')
  })

  await t.test('Vite serves the pages’ sources and no secrets', async (t) => {
    const file = (path: string) => from('127.0.0.1', `${dev.url}/vite/@fs${join(dev.root, path)}?raw`)
    writeFileSync(join(dev.root, '.env'), 'SECRET=1')
    for (const path of ['.data/postgres/settings.json', '.env', 'package.json'])
      t.match(await file(path), { status: 403 }, path)
  })

  await t.test('a changed page is announced on the same port, and its module has changed', async (t) => {
    const client = await (await fetch(`${dev.url}/vite/@vite/client`)).text()
    const token = /wsToken = "([^"]+)"/.exec(client)?.[1]
    await (await fetch(`${dev.url}/vite/pages/login.tsx`)).text()
    const socket = await connect(`${dev.url}/vite/?token=${token}`, { protocol: 'vite-hmr' })
    await socket.expect({ type: 'connected' })
    dev.edit(
      'web/pages/login.tsx',
      'function Login',
      'const EDITED = "a new page"\nvoid EDITED\nfunction Login',
    )
    const { updates } = (await socket.expect({ type: 'update' })) as {
      updates?: { path: string; timestamp: number }[]
    }
    t.match(updates, [{ path: '/pages/login.tsx' }])
    const module = await fetch(`${dev.url}/vite/pages/login.tsx?t=${updates?.[0]?.timestamp}`)
    t.match(await module.text(), 'a new page')
    socket.terminate()
  })

  await t.test('a changed source restarts the service; requests wait meanwhile', async (t) => {
    dev.edit('routes/operations/health.ts', "{ status: 'ok' }", "{ status: 'edited' }")
    const statuses = new Set<number>()
    await answers(`${dev.url}/healthz`, (status, body) => {
      statuses.add(status)
      return body.includes('edited')
    })
    t.strictSame([...statuses], [200])
  })

  await t.test(
    'a service that fails to start shows the error with its line; the next save starts it again',
    async (t) => {
      dev.edit(
        'routes/operations/health.ts',
        '{ askDatabase, others }) => {',
        '{ askDatabase, others }) => {\n  lost()',
      )
      const body = await answers(`${dev.url}/healthz`, (status) => status === 503)
      t.match(body, /lost is not defined/)
      const lines = readFileSync(join(dev.root, 'routes/operations/health.ts'), 'utf8').split('\n')
      t.match(body, `routes/operations/health.ts:${lines.indexOf('  lost()') + 1}:`)
      dev.edit('routes/operations/health.ts', '\n  lost()', '\n  {')
      await answers(`${dev.url}/healthz`, (status, shown) => status === 503 && shown.includes('Transform'))
      dev.edit('routes/operations/health.ts', '\n  {', '')
      await answers(`${dev.url}/healthz`, (status) => status === 200)
    },
  )

  dev.child.kill('SIGTERM')
  t.strictSame(await dev.ended(), [0, null])
  t.equal(postmasterPid(join(dev.root, '.data')), undefined, 'the database has stopped')
})

t.test('a second signal ends a drain at once, with exit code 1, and the database stops', async (t) => {
  const dev = await startDev(t, { DRAIN_SECONDS: '600' })
  const { cookie } = await signIn(dev.url, 'staff')
  // the drain closes the first socket at once, the second after 300 s
  for (let i = 0; i < 2; i++) await connect(`${dev.url}/ws/all-seat-datasocket/`, { cookie })
  dev.child.kill('SIGINT')
  await until(() => /"msg":"WSDISCONNECT"/.test(dev.output()), 'the drain')
  const database = postmasterPid(join(dev.root, '.data')) ?? t.fail('no database runs')
  dev.child.kill('SIGTERM')
  t.strictSame(await dev.ended(), [1, null])
  await gone(Number(database))
})

t.test('when it is killed no process is left', async (t) => {
  const dev = await startDev(t)
  const database = postmasterPid(join(dev.root, '.data'))
  if (database === undefined) return t.fail('no database runs')
  t.ok(isRunning(database))
  dev.child.kill('SIGKILL')
  await dev.ended()
  // the service is the last to use it, and stops it when it exits
  await gone(database)
})
