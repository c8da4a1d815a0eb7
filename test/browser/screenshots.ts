import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { findChromium } from '../helpers/chromium.js'
import { testServer } from '../helpers/database-template.js'
import { startService } from '../helpers/service.js'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'
import { TeardownList } from '../helpers/teardown.js'
import { placeDemoOrders } from './demo-orders.js'
import { packPng } from './png.js'
import { picturesLoaded, SHOTS, type Shot } from './shots.js'
import { hasOpened, PHONE, TABLET } from './site.js'

// `node --import=tsx test/browser/screenshots.ts [name…]` writes docs/screenshots/*.png, each page on a busy evening:
// `x.png` in the dark scheme, `x-light.png` in the light one.

const FOLDER = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url))
/** the theatre's address in the pictures, whatever the service's port */
const HOST = 'grand.example'
const BIGGEST = 150 * 1024

const DEVICES = {
  tablet: 'Mozilla/5.0 (Linux; Android 14; Pixel Tablet) AppleWebKit/537.36 Chrome/131.0 Safari/537.36',
  phone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1 Version/18.1 Safari/604.1',
  desk: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0',
}

const opened = new TeardownList()

/** A time zone in which it is evening now. */
function eveningZone(): string {
  const hours = ((20 - new Date().getUTCHours() + 36) % 24) - 12
  return `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`
}

interface Cookie {
  name: string
  value: string
  url: string
}

async function openContext(browser: Browser, shot: Shot, light: boolean): Promise<BrowserContext> {
  return await browser.newContext({
    ...(shot.screen === 'phone' ? PHONE : TABLET),
    ...(shot.viewport ? { viewport: shot.viewport } : {}),
    baseURL: `http://${HOST}`,
    locale: 'en-IN',
    timezoneId: eveningZone(),
    colorScheme: light ? 'light' : 'dark',
    reducedMotion: 'reduce',
  })
}

const cookie = (name: string, value: string): Cookie => ({ name, value, url: `http://${HOST}` })

/** Signs in as one of the theatre's devices. */
async function signIn(url: string, device: string, username = 'staff'): Promise<Cookie[]> {
  const answer = await fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': device },
    body: JSON.stringify({ username, password: DEMO_PASSWORD, keep: true }),
  })
  return answer.headers.getSetCookie().map((line) => {
    const [pair = ''] = line.split(';')
    const at = pair.indexOf('=')
    return cookie(pair.slice(0, at), pair.slice(at + 1))
  })
}

async function take(page: Page, shot: Shot, light: boolean): Promise<void> {
  const path = join(FOLDER, `${shot.name}${light ? '-light' : ''}.png`)
  await page.mouse.move(0, 0)
  // halls and unread counts come by requests of their own
  await page.waitForLoadState('networkidle')
  await page.evaluate('document.fonts.ready')
  const taken = await page.screenshot({ fullPage: shot.full ?? false, animations: 'disabled' })
  const small = packPng(taken)
  writeFileSync(path, small)
  const sizes = `${Math.round(taken.length / 1024)} -> ${Math.round(small.length / 1024)} KB`
  process.stdout.write(`${path} ${sizes}${small.length > BIGGEST ? '  TOO BIG' : ''}\n`)
}

async function run(): Promise<void> {
  const wanted = process.argv.slice(2)
  mkdirSync(FOLDER, { recursive: true })
  const env = {
    RATE_LIMITS: 'off',
    ALLOWED_HOSTS: `${HOST},127.0.0.1`,
    PUBLIC_URL: 'https://order.example.com',
  }
  const app = await startService(opened, { pages: true, demo: true, env })
  // before the orders: a bill keeps the zone that it was issued in
  await app.db.theatre.update({ where: { id: 1 }, data: { timeZone: eveningZone() } })
  const guests = await placeDemoOrders(app.url, app.db)
  await signIn(app.url, DEVICES.phone)
  await signIn(app.url, DEVICES.desk)
  const accounts = new Map([
    ['staff', await signIn(app.url, DEVICES.tablet)],
    ['manager', await signIn(app.url, DEVICES.tablet, 'manager')],
  ])
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: [
      `--host-resolver-rules=MAP ${HOST}:80 127.0.0.1:${app.port}`,
      `--unsafely-treat-insecure-origin-as-secure=http://${HOST}`,
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  })
  opened.teardown(() => browser.close())
  for (const shot of SHOTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    for (const light of [false, true]) {
      const context = await openContext(browser, shot, light)
      const guest = guests.get(shot.who)
      const cookies = [...(guest?.client.cookies ?? [])].map(([name, value]) => cookie(name, value))
      const account = shot.ends ? await signIn(app.url, DEVICES.tablet) : accounts.get(shot.who)
      await context.addCookies(account ?? cookies)
      // customers' pages are dark on every device
      if (light) await context.addInitScript(`localStorage.setItem('houselights.scheme', '"light"')`)
      const page = await context.newPage()
      await page.goto(shot.path.replace('{order}', String(guest?.orderId)))
      await shot.ready(page, { app, context, guests })
      await hasOpened(page)
      await picturesLoaded(page)
      await take(page, shot, light)
      await context.close()
    }
  }
}

try {
  await run()
} finally {
  await opened.closeAll()
  await (await testServer()).release()
}
