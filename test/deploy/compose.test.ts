import { execFile, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { parse } from 'yaml'
import { PROJECT } from '../helpers/embedded-servers.js'
import { nodeArguments } from '../helpers/source-program.js'
import { buildAsImage } from './release.js'

// deploy/compose.yaml: what it names is there, and its steps work, in their order, without a container engine.

const run = promisify(execFile)
const release = await buildAsImage(t)
const DEPLOY = join(PROJECT, 'deploy')

interface Service {
  image: string
  build?: { context: string; dockerfile: string }
  command?: string[]
  volumes?: string[]
  networks?: string[] | Record<string, { ipv4_address?: string }>
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test: string[] }
  ports?: string[]
  read_only?: boolean
  cap_drop?: string[]
  logging?: { driver: string }
  stop_grace_period?: string
}
const compose: {
  services: Record<string, Service>
  networks: Record<string, unknown>
  volumes: Record<string, unknown>
} = parse(readFileSync(join(DEPLOY, 'compose.yaml'), 'utf8'), { merge: true })
const services = Object.entries(compose.services)

t.test('the parts are two nodes, PostgreSQL, Redis and a proxy, in order', async (t) => {
  t.strictSame(Object.keys(compose.services).sort(), [
    'migrate',
    'node1',
    'node2',
    'postgres',
    'proxy',
    'redis',
    'setup',
  ])
  for (const [name, { depends_on = {} }] of services) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      const needed = compose.services[other]
      t.ok(needed, `${name} depends on ${other}`)
      // what runs once has ended, and what goes on has a check
      const isOnce = ['setup', 'migrate'].includes(other)
      t.equal(condition, isOnce ? 'service_completed_successfully' : 'service_healthy', `${name}: ${other}`)
      t.equal(needed?.healthcheck === undefined, isOnce, `the check of ${other}`)
    }
  }
})

t.test('each file, volume, network and program that it names exists', async (t) => {
  for (const [name, { build, volumes = [], networks = {}, command = [], healthcheck }] of services) {
    if (build) t.ok(existsSync(join(DEPLOY, build.context, build.dockerfile)), name)
    for (const volume of volumes) {
      const [source = ''] = volume.split(':')
      t.ok(source.startsWith('./') ? existsSync(join(DEPLOY, source)) : source in compose.volumes, volume)
    }
    for (const network of Array.isArray(networks) ? networks : Object.keys(networks))
      t.ok(network in compose.networks, network)
    for (const [program = '', file = ''] of [command, healthcheck?.test.slice(1) ?? []])
      if (program === 'node') t.ok(existsSync(join(release, file)), file)
  }
  t.strictSame(compose.services.proxy?.command, ['sh', '/compose/proxy.sh'])
  t.ok(existsSync(join(DEPLOY, 'compose/proxy.sh')))
})

t.test('only the proxy can be reached; our containers may do little', async (t) => {
  for (const [name, service] of services) {
    t.equal(service.ports !== undefined, name === 'proxy', name)
    t.equal(service.logging?.driver, 'local', `bounded logs of ${name}`)
    if (name === 'postgres') continue
    t.equal(service.read_only, true, name)
    t.strictSame(service.cap_drop, ['ALL'], name)
  }
  for (const name of ['node1', 'node2']) t.equal(compose.services[name]?.stop_grace_period, '30s')
})

t.test('the addresses of nodes and proxy are those that setup writes', async (t) => {
  const address = (name: string) => {
    const networks = compose.services[name]?.networks ?? {}
    return Array.isArray(networks) ? undefined : networks.edge?.ipv4_address
  }
  t.strictSame(['proxy', 'node1', 'node2'].map(address), [
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: compose's own syntax
    '${NETWORK:-172.30.66}.10',
    '${NETWORK:-172.30.66}.11',
    '${NETWORK:-172.30.66}.12',
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: compose's own syntax
  ])
  const setup = readFileSync(join(DEPLOY, 'compose/setup.mjs'), 'utf8')
  t.match(setup, "NETWORK = '172.30.66'")
  t.match(setup, '[11, 12]')
})

t.test('the proxy makes a certificate if there is none, and keeps one that is there', async (t) => {
  const folder = t.testdir({ bin: { nginx: '#!/bin/sh\necho "$@"\n' }, certificates: {} })
  chmodSync(join(folder, 'bin/nginx'), 0o755)
  const certificate = join(folder, 'certificates/fullchain.pem')
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    DOMAIN: 'orders.example.com',
    CERTIFICATES: join(folder, 'certificates'),
  }
  const { stdout } = await run('sh', [join(DEPLOY, 'compose/proxy.sh')], { env })
  t.equal(stdout, '-c /proxy/nginx.conf -g daemon off; pid /tmp/nginx.pid;\n')
  const made = readFileSync(certificate, 'utf8')
  t.equal(new X509Certificate(made).checkHost('orders.example.com'), 'orders.example.com')
  t.ok(new X509Certificate(made).checkPrivateKey, 'it has a key')
  await run('sh', [join(DEPLOY, 'compose/proxy.sh')], { env })
  t.equal(readFileSync(certificate, 'utf8'), made)
  writeFileSync(certificate, 'of an authority')
  await run('sh', [join(DEPLOY, 'compose/proxy.sh')], { env })
  t.equal(readFileSync(certificate, 'utf8'), 'of an authority')
})

const plain = `--import=${join(PROJECT, 'test/helpers/plain-children.mjs')}`
const steps = [process.execPath, plain, ...nodeArguments('test/deploy/compose-run.ts')]
const withoutNetwork = ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']
const canUnshare = spawnSync('unshare', [...withoutNetwork, 'true']).status === 0
const env = { ...process.env, NODE_OPTIONS: '', RELEASE: release, IS_OFFLINE: canUnshare ? '1' : '0' }
const [program = '', ...args] = canUnshare ? ['unshare', ...withoutNetwork, ...steps] : steps
await t.spawn(program, args, { env, timeout: 240_000 }, 'its steps')
