import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, isListening } from '../scripts/cluster/programs.js'
import {
  SITE_KEYS,
  SITE_SECRET,
  type Site,
  type SiteDatabase,
  siteDatabase,
  startSite,
} from '../test/gate/django.js'
import { LIVE_ORDERS, siteRoutes } from '../test/gate/gate.js'
import { NGINX } from '../test/helpers/nginx.js'
import { requireProgram } from '../test/helpers/programs.js'
import type { Teardown } from '../test/helpers/teardown.js'
import { until } from '../test/helpers/until.js'
import type { Target } from './load/sockets.mjs'
import { cpuSecondsOf, Measured, pin, rssOf } from './processes.js'
import type { World } from './world.js'

/** A way to the sockets of the site. Its process is measured, and not what stands behind it. */
export interface Door {
  name: string
  pid: number
  target: Target
}

export const DAPHNE = 'Daphne'
export const NGINX_PROXY = 'nginx'
export const GATE = 'gate'

const KEYED = `${LIVE_ORDERS}?key=${SITE_KEYS.LIVE_ORDERS_WS_KEY}`

/** The tests' site, and three doors to it. */
export async function openDoors({
  t,
  build,
}: World): Promise<{ site: Site; database: SiteDatabase; doors: Door[] }> {
  const database = await siteDatabase(t)
  const site = await startSite(t, database)
  pin(site.pid)
  const folder = mkdtempSync(join(tmpdir(), 'houselights-bench-gate-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const doorAt = (name: string, pid: number, port: number, path: string): Door => ({
    name,
    pid,
    target: { port, path, protocol: 'plain', cookie: '' },
  })
  const nginx = await startProxy(t, folder, site.port)
  const file = join(folder, 'gate.json')
  writeFileSync(file, JSON.stringify({ listen: { port: 0 }, routes: siteRoutes(site) }))
  const gate = await Measured.start(t, './servers/gate.mjs', {
    env: {
      BENCH_BUILD: build,
      BENCH_GATE_FILE: file,
      DJANGO_DATABASE_URL: database.readerUrl,
      DJANGO_SECRET_KEY: SITE_SECRET,
      RATE_LIMITS: 'off',
      WS_MAX_PER_USER: '1000000',
      LOG_LEVEL: 'error',
      ...SITE_KEYS,
    },
  })
  return {
    site,
    database,
    doors: [
      doorAt(DAPHNE, site.pid, site.port, KEYED),
      doorAt(NGINX_PROXY, nginx.pid, nginx.port, KEYED),
      doorAt(GATE, gate.child.pid ?? 0, gate.port, LIVE_ORDERS),
    ],
  }
}

const TEMP = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

/** nginx that only passes on, as one process. */
async function startProxy(t: Teardown, folder: string, site: number): Promise<{ pid: number; port: number }> {
  const port = await freePort()
  const config = `
daemon off; master_process off; worker_rlimit_nofile 16384; pid ${folder}/pid; error_log ${folder}/error.log crit;
events { worker_connections 8192; }
http {
  access_log off;
  ${TEMP.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      proxy_pass http://127.0.0.1:${site};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_read_timeout 1h;
    }
  }
}`
  writeFileSync(join(folder, 'nginx.conf'), config)
  const args = ['-p', folder, '-e', join(folder, 'start.log'), '-c', join(folder, 'nginx.conf')]
  const child = spawn(requireProgram(NGINX), args, { stdio: ['ignore', 'ignore', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  await until(() => {
    if (child.exitCode !== null) throw new Error('nginx did not start')
    return isListening(port)
  }, 'nginx to listen')
  pin(child.pid ?? 0)
  return { pid: child.pid ?? 0, port }
}

/** µs of CPU that the door's process has used. */
export const cpuOf = ({ pid }: Door): number => (cpuSecondsOf(pid) ?? Number.NaN) * 1e6

/** Bytes of memory that it has. */
export const memoryOf = ({ pid }: Door): number => rssOf(pid) ?? Number.NaN

/** Files that it has open, sockets among them. */
export const openFilesOf = ({ pid }: Door): number => readdirSync(`/proc/${pid}/fd`).length
