import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, isListening } from '../../scripts/cluster/programs.js'
import { type Program, requireProgram } from './programs.js'
import type { Teardown } from './teardown.js'
import { until } from './until.js'

export const NGINX: Program = {
  name: 'nginx',
  commands: ['nginx'],
  paths: ['/usr/sbin/nginx'],
  apt: { debian: 'nginx-light', ubuntu: 'nginx-light' },
  remedy: { darwin: 'brew install nginx', other: 'install nginx with the package manager' },
}

export const NGINX_CONFIG = new URL('../../deploy/nginx.conf', import.meta.url)

export interface Nginx {
  httpsPort: number
  httpPort: number
  /** its certificate, which it signed itself */
  certificate: string
  /** all that it has logged */
  logs(): string
}

/** Starts nginx with deploy/nginx.conf, or a configuration made of it, for orders.example.com on free ports and these nodes. */
export async function startNginx(
  t: Teardown,
  nodePorts: readonly number[],
  { maxConnections = 2000, given = readFileSync(NGINX_CONFIG, 'utf8') } = {},
): Promise<Nginx> {
  const program = requireProgram(NGINX)
  const folder = mkdtempSync(join(tmpdir(), 'houselights-nginx-'))
  const [httpPort, httpsPort] = [await freePort(), await freePort()]
  const path = (name: string) => join(folder, name)
  for (const name of ['logs', 'temp']) mkdirSync(path(name))
  makeCertificate(path('key.pem'), path('cert.pem'))
  const config = given
    .replace(/(?: {4}server [\d.]+:\d+ max_fails=0;\n)+/, () =>
      nodePorts.map((port) => `    server 127.0.0.1:${port} max_fails=0;\n`).join(''),
    )
    .replaceAll('listen 80', `listen 127.0.0.1:${httpPort}`)
    .replaceAll('listen 443', `listen 127.0.0.1:${httpsPort}`)
    .replaceAll('listen [::]:80', `listen [::1]:${httpPort}`)
    .replaceAll('listen [::]:443', `listen [::1]:${httpsPort}`)
    .replace(/ssl_certificate .*/, `ssl_certificate ${path('cert.pem')};`)
    .replace(/ssl_certificate_key .*/, `ssl_certificate_key ${path('key.pem')};`)
    .replaceAll('/var/log/nginx/', `${path('logs')}/`)
    .replace('/dev/stdout', path('logs/houselights.log'))
    .replace('/dev/stderr', path('logs/houselights-error.log'))
    .replace('include /etc/nginx/mime.types;', '')
    // fewer than in production: a test's machine may allow less
    .replace(/worker_rlimit_nofile .*/, '')
    .replace('houselights_address 2000', `houselights_address ${maxConnections}`)
    .replace('worker_connections 32768', 'worker_connections 512')
    .replace(
      'http {\n',
      `http {\n${TEMP.map((name) => `  ${name}_temp_path ${path('temp')}/${name};\n`).join('')}`,
    )
  const main = `daemon off;\npid ${path('pid')};\n${process.getuid?.() === 0 ? 'user root;\n' : ''}`
  writeFileSync(path('nginx.conf'), main + config)
  const child = spawn(program, ['-p', folder, '-e', path('logs/start.log'), '-c', path('nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  t.teardown(async () => {
    child.kill('SIGTERM')
    await until(() => child.exitCode !== null || child.signalCode !== null, 'nginx to end')
    rmSync(folder, { recursive: true, force: true })
  })
  await until(() => {
    if (child.exitCode !== null) throw new Error(`nginx did not start: ${output}`)
    return isListening(httpsPort)
  }, 'nginx to listen')
  return {
    httpPort,
    httpsPort,
    certificate: readFileSync(path('cert.pem'), 'utf8'),
    logs: () =>
      ['houselights.log', 'houselights-error.log', 'start.log']
        .map((name) => readFileSync(path(`logs/${name}`), 'utf8'))
        .join(''),
  }
}

const TEMP = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

function makeCertificate(key: string, certificate: string): void {
  const { status, stderr } = spawnSync(
    'openssl',
    `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=orders.example.com -addext subjectAltName=DNS:orders.example.com -keyout ${key} -out ${certificate}`.split(
      ' ',
    ),
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`openssl failed: ${stderr}`)
}
