import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { orderFrom, postOrder } from '../helpers/customers.js'
import { builtPages } from '../helpers/pages.js'
import { PHONE, startSite, TABLET } from './site.js'

// The cost of a page for a phone on a weak network.

const KB = 1024
const MOST = 60 * KB
/**
 * KB of a customer's page until it can be used, the heads of the answers included. On slow 3G (400 ms, 400 kbit/s) two
 * round trips take 0.8 s and each KB 20 ms, so 40 KB are there after 1.62 s (test/browser/slow-pages.ts).
 */
const MOST_BYTES = { seat: 40, order: 42, receipt: 40, checkout: 34 }
const LANGUAGES = ['en', 'hi'] as const
const PAGES = [
  'login',
  'live-orders',
  'chat',
  'seats',
  'seat',
  'order',
  'receipt',
  'checkout',
  'account',
  'today',
  'manage',
]
const site = await startSite(t, {}, { worker: true })
const LIVE = '[data-link-state=live]'
const pages = builtPages()
/** names the file of a language, which a page loads if it needs it */
const LANGUAGE = /<link rel="strings"[^>]*>/g
const read = (name: string) => readFileSync(join(pages, name), 'utf8')

/** The scripts that a page loads at once: those in its HTML, what they import, and its texts in one language. */
function firstLoad(page: string, language: (typeof LANGUAGES)[number]): string[] {
  const shell = read(`${page}.html`).replace(LANGUAGE, (link) =>
    link.includes(`hreflang="${language}"`) ? link : '',
  )
  const found = new Set([...shell.matchAll(/\/(assets\/[\w.-]+\.js)/g)].map((match) => match[1] ?? ''))
  for (const script of found) {
    for (const match of read(script).matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) {
      found.add(`assets/${match[1]}`)
    }
  }
  return [...found]
}

t.test('the first load of each page: under 60 KB of compressed JavaScript', async (t) => {
  for (const page of PAGES) {
    for (const language of LANGUAGES) {
      const scripts = firstLoad(page, language)
      t.ok(scripts.length > 0, `${page} has scripts`)
      for (const kind of ['br', 'gz']) {
        const size = scripts.reduce((sum, script) => {
          const packed = statSync(join(pages, `${script}.${kind}`), { throwIfNoEntry: false })
          return sum + (packed ?? statSync(join(pages, script))).size
        }, 0)
        t.ok(size < MOST, `${page}, ${language}: ${(size / KB).toFixed(1)} KB (${kind})`)
      }
    }
  }
})

/** The bytes of an answer on the wire, its head included. */
async function bytesOf(path: string, cookies: string, language: string): Promise<number> {
  const asked = request(`${site.url}${path}`, {
    agent: false,
    headers: { 'accept-encoding': 'gzip, br', 'accept-language': language, cookie: cookies },
  })
  asked.end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const { socket } = answer
  await buffer(answer)
  if (answer.statusCode !== 200) throw new Error(`${path} was answered ${answer.statusCode}`)
  return socket.bytesRead
}

t.test('all that a customer’s page needs before its first use, on the wire', async (t) => {
  const { client, orderId } = await orderFrom(site.url, 'demo-a2', { 'Masala Chai': 1 })
  const unpaid = await postOrder(client, { seat: 'demo-a2', paymentMethod: 'online' })
  const answer = await client.post<{ payment: { id: string } }>(`/api/orders/${unpaid.id}/payment`)
  const payment = encodeURIComponent(answer.body.payment.id)
  const cookies = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  for (const [page, path, call, most] of [
    ['seat', '/s/demo-a1', '/api/seats/demo-a1', MOST_BYTES.seat],
    ['order', `/orders/${orderId}`, `/api/orders/${orderId}`, MOST_BYTES.order],
    ['receipt', `/orders/${orderId}/receipt`, `/api/orders/${orderId}/receipt`, MOST_BYTES.receipt],
    ['checkout', `/checkout/${payment}`, `/api/checkout/${payment}`, MOST_BYTES.checkout],
  ] as const) {
    const styles = [...read(`${page}.html`).matchAll(/\/(assets\/[\w.-]+\.css)/g)].map(
      ([, file = '']) => file,
    )
    t.equal(styles.length, 1)
    for (const language of LANGUAGES) {
      const scripts = firstLoad(page, language)
      t.strictSame(
        scripts.filter((file) => /\/(?:staff|managers)-/.test(file)),
        [],
        'nothing of the staff’s',
      )
      const files = [...scripts, ...styles].map((file) => `/${file}`)
      const sizes = await Promise.all(
        [path, call, ...files].map((each) => bytesOf(each, cookies, `${language}-IN`)),
      )
      const size = sizes.reduce((sum, each) => sum + each, 0)
      t.ok(size < most * KB, `${page}, ${language}: ${(size / KB).toFixed(1)} KB of ${most}`)
    }
  }
})

t.test('a customer’s page asks for its data and texts with its files, not by them', async (t) => {
  const { client, orderId } = await orderFrom(site.url, 'demo-a3', { 'Masala Chai': 1 })
  const { context } = await site.visitor({ ...PHONE, locale: 'hi-IN' })
  await context.addCookies([...client.cookies].map(([name, value]) => ({ name, value, url: site.url })))
  for (const [path, call] of [
    ['/s/demo-a3', '/api/seats/demo-a3'],
    [`/orders/${orderId}`, `/api/orders/${orderId}`],
  ] as const) {
    const page = await context.newPage()
    // none of its scripts arrives
    await page.route(/\/assets\/(?:boot|preload|start|seat|order|live)\b/, () => {})
    const data = page.waitForRequest(`**${call}`)
    const texts = page.waitForRequest(/\/assets\/hi-[\w-]+\.js$/)
    await page.goto(path, { waitUntil: 'commit' })
    t.equal(new URL((await data).url()).pathname, call)
    await texts
    await page.close()
  }
})

t.test('pages and the menu are sent compressed to those who take it, and plain to others', async (t) => {
  for (const path of ['/s/demo-a1', '/login', '/api/seats/demo-a1']) {
    const plain = await fetch(`${site.url}${path}`, { headers: { 'accept-encoding': 'gzip;q=0' } })
    const packed = await fetch(`${site.url}${path}`, { headers: { 'accept-encoding': 'br, gzip' } })
    t.equal(plain.headers.get('content-encoding'), null)
    t.equal(packed.headers.get('content-encoding'), 'gzip')
    for (const answer of [plain, packed]) t.match(answer.headers.get('vary'), /accept-encoding/i)
    t.equal(await packed.text(), await plain.text())
  }
})

t.test('a page in another language asks for it with its first files', async () => {
  for (const [options, choice] of [
    [{ locale: 'hi-IN' }, null],
    [{ locale: 'en-IN' }, 'hi'],
  ] as const) {
    const { context } = await site.visitor({ ...PHONE, ...options })
    if (choice)
      await context.addInitScript(
        `if (location.protocol === 'http:') localStorage.setItem('houselights.language', '"${choice}"')`,
      )
    const page = await context.newPage()
    // a page that gets no script of its own still asks for the language
    await page.route(/\/assets\/(?:seat|start)-/, () => {})
    const asked = page.waitForRequest(/\/assets\/hi-[\w-]+\.js$/)
    await page.goto('/s/demo-a1', { waitUntil: 'commit' })
    await asked
    await page.close()
  }
})

t.test('no scripts import each other in a circle: one would run before what it needs', async (t) => {
  const importsOf = (script: string): string[] =>
    [...read(script).matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)].map(
      ([, name]) => `assets/${name}`,
    )
  const visit = (script: string, path: readonly string[]): void => {
    if (path.includes(script)) {
      t.fail([...path, script].join(' → '))
      return
    }
    for (const next of importsOf(script)) visit(next, [...path, script])
  }
  for (const page of PAGES) for (const script of firstLoad(page, 'hi')) visit(script, [])
})

t.test('preloaded requests are not repeated, and the preloaded socket is the one used', async (t) => {
  const guest = await orderFrom(site.url, 'demo-a2', { 'Masala Chai': 1 })
  const [phone, tablet] = [await site.visitor(PHONE), await site.staff(TABLET)]
  const manager = await site.staff({ ...TABLET, username: 'manager' })
  await phone.context.addCookies(
    [...guest.client.cookies].map(([name, value]) => ({ name, value, url: site.url })),
  )
  for (const [{ context }, path, ready, calls, sockets] of [
    [phone, '/s/demo-a2', '[data-action=add]', ['/api/seats/demo-a2'], []],
    [
      phone,
      `/orders/${guest.orderId}`,
      LIVE,
      [`/api/orders/${guest.orderId}`],
      [`/ws/payment-socket/${guest.orderId}/`],
    ],
    [tablet, '/account', '.device', ['/api/auth/session', '/api/auth/sessions'], []],
    [tablet, '/theatre/seats/', '.qr', ['/api/auth/session', '/api/theatres/1/seats'], []],
    [manager, '/theatre/today/', '.payments', ['/api/auth/session', '/api/payment-issues'], []],
    [tablet, '/theatre/chat/', LIVE, ['/api/auth/session'], ['/ws/chat-socket/']],
    [
      tablet,
      '/theatre/live-orders/',
      LIVE,
      ['/api/auth/session', '/api/theatres/1/seats'],
      ['/ws/all-seat-datasocket/', '/ws/chat-socket/'],
    ],
  ] as const) {
    const page = await context.newPage()
    const asked: string[] = []
    const opened: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    page.on('websocket', (socket) => opened.push(new URL(socket.url()).pathname))
    await page.goto(path)
    await page.locator(ready).first().waitFor()
    for (const call of calls) t.equal(asked.filter((each) => each === call).length, 1, `${path}: ${call}`)
    t.strictSame(opened.sort(), [...sockets], `${path}: its sockets`)
    await page.close()
  }
})

t.test('the pages load nothing from another origin', async (t) => {
  const visitor = await site.visitor(PHONE)
  const page = await visitor.context.newPage()
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).origin))
  await page.goto('/s/demo-a1')
  await page.locator('[data-action=add]').first().waitFor()
  t.strictSame([...new Set(asked)], [site.url])
  t.strictSame(site.pageErrors, [])
})

t.test('without a session no staff socket is opened', async (t) => {
  const { context } = await site.visitor(TABLET)
  const page = await context.newPage()
  const opened: string[] = []
  page.on('websocket', (socket) => opened.push(socket.url()))
  await page.goto('/theatre/live-orders/')
  await page.waitForURL(/\/login/)
  await page.locator('input[name=password]').waitFor()
  t.strictSame(opened, [])
})
