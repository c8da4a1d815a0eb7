import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { isReady } from '../../scripts/cluster/node-pool.js'
import { freePort } from '../../scripts/cluster/programs.js'
import { testDatabase } from '../helpers/database.js'
import { PROGRAM_PATIENCE } from '../helpers/deadline.js'
import { NGINX_CONFIG, type Nginx, startNginx } from '../helpers/nginx.js'
import { latestBuild } from '../helpers/pages.js'
import { type ServiceProcess, spawnService } from '../helpers/service-process.js'
import { until } from '../helpers/until.js'

// Two processes of the built service behind nginx, as deploy/ describes it, restarted as in five deploys.

const HOST = 'orders.example.com'
const DEPLOYS = 5
const REQUESTS = 2000
const AT_ONCE = 8

/** Keeps a core busy until the test's end. */
function burn(t: Test): void {
  const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
}

/** A line of nginx's log: a response other than 200, or what went wrong, but for the refusals of a node that is down. */
const tellsOfFailure = (line: string) =>
  /\] (?:GET|POST) (?!200)/.test(line) || (/\[error\]/.test(line) && !line.includes('Connection refused'))

interface Site {
  nginx: Nginx
  agent: Agent
}

/** A status, or the error of a request without an answer. */
function ask({ nginx, agent }: Site, method: string, path: string): Promise<string> {
  return new Promise((resolve) => {
    const { httpsPort: port, certificate: ca } = nginx
    const asked = request({
      agent,
      host: '127.0.0.1',
      port,
      ca,
      servername: HOST,
      method,
      path,
      headers: { host: HOST },
    })
    asked.once('error', (error) => resolve(error.message))
    asked.once('response', (response) => {
      response.resume()
      response.once('end', () => resolve(String(response.statusCode)))
      response.once('aborted', () => resolve('aborted'))
    })
    asked.end()
  })
}

t.test('no request fails over five rolling restarts of a busy machine', async (t) => {
  const database = await testDatabase(t, { demo: true })
  const ports = [await freePort(), await freePort()]
  const start = async (port: number): Promise<ServiceProcess> => {
    const service = spawnService(t, {
      program: [join(latestBuild(), 'src/server.js')],
      env: {
        DATABASE_URL: database.url,
        PORT: String(port),
        LOG_LEVEL: 'warn',
        ALLOWED_HOSTS: HOST,
        TRUST_PROXY: '127.0.0.1',
        RATE_LIMITS: 'off',
        LAME_DUCK_SECONDS: '2',
        DRAIN_SECONDS: '0',
      },
    })
    await until(() => isReady(port), `the node on ${port} to be ready`, PROGRAM_PATIENCE)
    return service
  }
  const nodes = await Promise.all(ports.map(start))
  // with the reasons of failures, which production leaves out as their lines contain the path
  const given = readFileSync(NGINX_CONFIG, 'utf8').replace(
    'houselights-error.log alert',
    'houselights-error.log error',
  )
  const nginx = await startNginx(t, ports, { given })
  const site: Site = { nginx, agent: new Agent({ keepAlive: true, maxSockets: AT_ONCE }) }
  t.teardown(() => site.agent.destroy())
  burn(t)
  burn(t)

  const answers = new Map<string, number>()
  let sent = 0
  let isRolling = true
  const work = async () => {
    while (isRolling || sent < REQUESTS) {
      const isPost = ++sent % 2 === 0
      const answer = await (isPost
        ? ask(site, 'POST', '/api/auth/guest')
        : ask(site, 'GET', '/api/seats/demo-a1'))
      const key = `${isPost ? 'POST' : 'GET'} ${answer}`
      answers.set(key, (answers.get(key) ?? 0) + 1)
    }
  }
  const workers = Array.from({ length: AT_ONCE }, work)
  for (let deploy = 0; deploy < DEPLOYS; deploy++) {
    for (const [place, port] of ports.entries()) {
      const node = nodes[place]
      node?.child.kill('SIGTERM')
      t.same(await node?.ended(), [0, null])
      nodes[place] = await start(port)
    }
  }
  isRolling = false
  await Promise.all(workers)
  const failed = [...answers].filter(([answer]) => !/^(?:GET 200|POST 200)$/.test(answer))
  const reasons = failed.length === 0 ? [] : nginx.logs().split('\n').filter(tellsOfFailure)
  t.strictSame([...failed, ...reasons], [], `of ${sent} requests none failed`)
  t.equal(await database.db.session.count(), answers.get('POST 200'), 'no POST was done twice')
})
