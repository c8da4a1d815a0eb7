// Measures the gate beside Channels' own AuthMiddlewareStack, for the table of docs/gate.md:
//   node --import=tsx test/gate/compare.ts [forms|cost|revocations|rotation]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { testServer } from '../helpers/database-template.js'
import { connect, refused, type TestSocket } from '../helpers/socket-client.js'
import { TeardownList } from '../helpers/teardown.js'
import {
  djangoVersion,
  notify,
  SITE_KEYS,
  SITE_SECRET,
  type SiteUser,
  signIn,
  siteDatabase,
  startSite,
} from './django.js'
import { installTriggers, LIVE_ORDERS, siteRoutes } from './gate.js'

const t = new TeardownList()
const CHANNELS = '/ws/channels-auth/'
const RUNS = 8
/** ms after which a socket that still receives is said to go on */
const PATIENCE_MS = 8000
const REFUSALS = 1000

interface Door {
  name: string
  url: string
  path: string
  pid: number
}

const print = (line: string) => process.stdout.write(`${line}\n`)

/** ms of CPU that a process has used: fields 14 and 15 of /proc/PID/stat, in hundredths of a second. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

async function startGateProcess(readerUrl: string, file: object, env: Record<string, string> = {}) {
  const path = join(mkdtempSync(join(tmpdir(), 'houselights-compare-')), 'gate.json')
  writeFileSync(path, JSON.stringify(file))
  const entrance = fileURLToPath(new URL('../../src/gate-server.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import=tsx', entrance, path], {
    env: {
      PATH: process.env.PATH ?? '',
      DJANGO_DATABASE_URL: readerUrl,
      DJANGO_SECRET_KEY: SITE_SECRET,
      RATE_LIMITS: 'off',
      ...SITE_KEYS,
      ...env,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const [message] = await once(child, 'message')
  return { url: `http://127.0.0.1:${(message as { port: number }).port}`, pid: child.pid ?? 0 }
}

const database = await siteDatabase(t)
const site = await startSite(t, database)
const file = { listen: { port: 0 }, routes: siteRoutes(site) }
const gate = await startGateProcess(database.readerUrl, file)
const doors: Door[] = [
  { name: 'Channels', url: `http://127.0.0.1:${site.port}`, path: CHANNELS, pid: site.pid },
  { name: 'gate', ...gate, path: LIVE_ORDERS },
]

/** ms from the change to the last frame that came after it; null: frames went on. */
async function lastFrame(
  door: Door,
  change: (user: SiteUser, boss: SiteUser) => Promise<unknown>,
): Promise<number | null> {
  const [user, boss] = [await signIn(site, 'staff'), await signIn(site, 'boss')]
  const socket: TestSocket = await connect(door.url + door.path, { cookie: user.cookie ?? '' })
  let last = 0
  let isOpen = true
  socket.ws.on('message', () => {
    last = performance.now()
  })
  socket.ws.on('close', () => {
    isOpen = false
  })
  let isSending = true
  const sending = (async () => {
    while (isSending) await notify(site, 'tick')
  })()
  await wait(150 + Math.random() * 1000)
  await change(user, boss)
  const changed = performance.now()
  while (isOpen && performance.now() - changed < PATIENCE_MS) await wait(50)
  isSending = false
  await sending
  const goesOn = isOpen && last - changed > PATIENCE_MS - 500
  socket.terminate()
  await boss.step('set', { username: 'staff', fields: { is_active: true, is_staff: true } })
  await boss.step('set-password', { username: 'staff', password: 'houselights-demo' })
  return goesOn ? null : Math.max(0, last - changed)
}

const CHANGES: Record<string, (user: SiteUser, boss: SiteUser) => Promise<unknown>> = {
  'log-out': (user) => user.step('logout'),
  'password set by an admin': (_user, boss) =>
    boss.step('set-password', { username: 'staff', password: 'another-password-9' }),
  '`is_active` off': (_user, boss) => boss.step('set', { username: 'staff', fields: { is_active: false } }),
  '`is_staff` off': (_user, boss) => boss.step('set', { username: 'staff', fields: { is_staff: false } }),
}

async function revocations(door: Door, runs: number, label: string): Promise<void> {
  for (const [what, change] of Object.entries(CHANGES)) {
    const times: (number | null)[] = []
    for (let i = 0; i < runs; i++) times.push(await lastFrame(door, change))
    const worst = times.includes(null)
      ? `still receiving after ${PATIENCE_MS / 1000} s`
      : `${Math.round(Math.max(...times.map(Number)))} ms`
    print(`${label}: frames after ${what}: ${worst} (${runs} runs)`)
  }
}

async function accepts(door: Door, options: Parameters<typeof connect>[1]): Promise<string> {
  try {
    const socket = await connect(door.url + door.path, options)
    socket.terminate()
    return 'accepted'
  } catch (error) {
    return error instanceof Error && 'status' in error ? String(error.status) : 'failed'
  }
}

/** one section alone: `forms`, `cost`, `revocations` or `rotation` */
const only = process.argv[2]
const isWanted = (section: string) => only === undefined || only === section

print(`Django ${djangoVersion()}, Node ${process.version}`)
for (const door of isWanted('forms') ? doors : []) {
  const own = new URL(door.url)
  const { cookie } = await signIn(site, 'staff')
  const customer = await signIn(site, 'asha')
  const staff = cookie ?? ''
  const forms: Record<string, Parameters<typeof connect>[1]> = {
    'own origin': { cookie: staff },
    'no Origin': { cookie: staff, origin: null },
    '`null`': { cookie: staff, origin: 'null' },
    'another port of the host': { cookie: staff, origin: `http://${own.hostname}:1` },
    'another host of ALLOWED_HOSTS': { cookie: staff, origin: 'http://localhost' },
    'another scheme': { cookie: staff, origin: `ftp://${own.host}` },
    'upper case': { cookie: staff, origin: `HTTP://${own.host}` },
    'with a path': { cookie: staff, origin: `${door.url}/evil` },
    'with a user': { cookie: staff, origin: `http://evil@${own.host}` },
    'foreign host': { cookie: staff, origin: 'https://evil.example' },
    '`Sec-Fetch-Site: same-site`': { cookie: staff, headers: { 'sec-fetch-site': 'same-site' } },
    'two cookies of the name, own first': { cookie: `${staff}; ${customer.cookie}` },
    'two cookies of the name, own last': { cookie: `${customer.cookie}; ${staff}` },
  }
  for (const [what, options] of Object.entries(forms))
    print(`${door.name}: ${what}: ${await accepts(door, options)}`)
}

for (const door of isWanted('cost') ? doors : []) {
  for (const [what, cookie] of Object.entries({
    'no session': '',
    'an invented session': `sessionid=${'q'.repeat(32)}`,
  })) {
    const before = cpuOf(door.pid)
    for (let i = 0; i < REFUSALS; i += 20)
      await Promise.all(
        Array.from({ length: 20 }, () => refused(door.url + door.path, cookie ? { cookie } : {})),
      )
    print(`${door.name}: CPU of a refusal, ${what}: ${((cpuOf(door.pid) - before) / REFUSALS).toFixed(2)} ms`)
  }
}
if (isWanted('cost')) {
  const limited = await startGateProcess(database.readerUrl, file, { RATE_LIMITS: 'on' })
  const before = cpuOf(limited.pid)
  for (let i = 0; i < REFUSALS; i += 20)
    await Promise.all(Array.from({ length: 20 }, () => refused(limited.url + LIVE_ORDERS)))
  print(
    `gate with its limits: CPU of a refusal, no session: ${((cpuOf(limited.pid) - before) / REFUSALS).toFixed(2)} ms`,
  )
}

if (isWanted('revocations')) {
  await revocations(doors[0] as Door, 1, 'Channels')
  await revocations(doors[1] as Door, RUNS, 'gate')
  await installTriggers(database)
  await revocations(doors[1] as Door, RUNS, 'gate with gate.sql')
}

const rotated = await signIn(site, 'staff')
const NEW = 'the-new-secret-key-of-the-site-that-nobody-may-see'
const newGate = await startGateProcess(database.readerUrl, file, {
  DJANGO_SECRET_KEY: NEW,
  DJANGO_SECRET_KEY_FALLBACKS: SITE_SECRET,
})
await site.restart({ SECRET_KEY: NEW, SECRET_KEY_FALLBACKS: SITE_SECRET })
const options = { cookie: rotated.cookie ?? '' }
print(`gate: a session of the old key: ${await accepts({ ...(doors[1] as Door), ...newGate }, options)}`)
print(`Channels: a session of the old key: ${await accepts(doors[0] as Door, options)}`)
print(`… and at the site it is then of the user ${JSON.stringify((await rotated.step('visit')).user)}`)
await t.closeAll()
await (await testServer()).release()
