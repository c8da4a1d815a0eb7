import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { startApp } from '../helpers/app.js'
import { findChromium } from '../helpers/chromium.js'
import { testServer } from '../helpers/template.js'
import { playEvening } from './evening.js'
import type { Guest } from './guests.js'
import { PASSWORD, PHONE, TABLET } from './house.js'
import { type Shot, SHOTS } from './shots.js'

// By hand: `node --import=tsx test/browser/screenshots.ts [name…]` writes docs/screenshots/*.png, each page as it
// looks on a busy evening: `x.png` is the dark one, which a lobby and a hall are used to, `x-light.png` the other.

const FOLDER = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url))
/** what the pictures show as the theatre's address, whatever port the service really has */
const HOST = 'grand.example'
const BIGGEST = 150 * 1024

const endings: (() => unknown)[] = []
const house = { teardown: (end: () => unknown) => endings.unshift(end) }

/** The zone in which it is evening just now. */
function eveningZone(): string {
  const hours = ((20 - new Date().getUTCHours() + 36) % 24) - 12
  return `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`
}

async function contextFor(
  browser: Browser,
  url: string,
  guests: Map<string, Guest>,
  shot: Shot,
  light: boolean,
): Promise<BrowserContext> {
  const context = await browser.newContext({
    ...(shot.screen === 'phone' ? PHONE : TABLET),
    ...(shot.viewport ? { viewport: shot.viewport } : {}),
    baseURL: `http://${HOST}`,
    locale: 'en-IN',
    timezoneId: eveningZone(),
    colorScheme: light ? 'light' : 'dark',
    reducedMotion: 'reduce',
  })
  const request = await chromiumRequest(context, url, shot, guests)
  await context.addCookies(request)
  return context
}

/** The cookies of who looks at the page: the staff, a guest, or nobody. */
async function chromiumRequest(
  _context: BrowserContext,
  url: string,
  shot: Shot,
  guests: Map<string, Guest>,
): Promise<{ name: string; value: string; url: string }[]> {
  if (shot.who === 'nobody') return []
  const origin = `http://${HOST}`
  if (shot.who !== 'staff') {
    const cookies = guests.get(shot.who)?.client.cookies ?? []
    return [...cookies].map(([name, value]) => ({ name, value, url: origin }))
  }
  const answer = await fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent':
        'Mozilla/5.0 (Linux; Android 14; Pixel Tablet) AppleWebKit/537.36 Chrome/131.0 Safari/537.36',
    },
    body: JSON.stringify({ username: 'staff', password: PASSWORD, keep: true }),
  })
  return answer.headers.getSetCookie().map((line) => {
    const [pair = ''] = line.split(';')
    const at = pair.indexOf('=')
    return { name: pair.slice(0, at), value: pair.slice(at + 1), url: origin }
  })
}

async function take(page: Page, shot: Shot, light: boolean): Promise<void> {
  const path = join(FOLDER, `${shot.name}${light ? '-light' : ''}.png`)
  await page.evaluate('document.fonts.ready')
  await page.screenshot({ path, fullPage: shot.full ?? false, animations: 'disabled' })
  const { size } = statSync(path)
  process.stdout.write(`${path} ${Math.round(size / 1024)} KB${size > BIGGEST ? '  TOO BIG' : ''}\n`)
}

async function run(): Promise<void> {
  const wanted = process.argv.slice(2)
  mkdirSync(FOLDER, { recursive: true })
  const env = { RATE_LIMITS: 'off', ALLOWED_HOSTS: `${HOST},127.0.0.1` }
  const app = await startApp(house, { pages: true, demo: true, env })
  const guests = await playEvening(app.url, app.db)
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: [
      `--host-resolver-rules=MAP ${HOST}:80 127.0.0.1:${app.port}`,
      `--unsafely-treat-insecure-origin-as-secure=http://${HOST}`,
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  })
  endings.unshift(() => browser.close())
  for (const shot of SHOTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    for (const light of [false, true]) {
      const context = await contextFor(browser, app.url, guests, shot, light)
      const page = await context.newPage()
      const orderId = guests.get(shot.who)?.orderId ?? 0
      await page.goto(shot.path.replace('{order}', String(orderId)))
      await shot.ready(page, { app, context, guests })
      await take(page, shot, light)
      await context.close()
    }
  }
}

try {
  await run()
} finally {
  for (const end of endings) await end()
  await (await testServer()).release()
}
