import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { orderFrom } from '../helpers/customers.js'
import { listen } from '../helpers/listen.js'
import { builtPages } from '../helpers/pages.js'
import { startService } from '../helpers/service.js'
import { until, untilSame } from '../helpers/until.js'
import { openNetwork } from './network.js'
import { linkIs, PHONE, startSite, TABLET } from './site.js'

// The service worker in Chromium: what it keeps, what it answers, how it is replaced and ended.

const site = await startSite(t, {}, { worker: true })
const MENU = '[data-action=add]'
const OFFLINE = 'You’re offline'

const hasWorker = (page: Page) =>
  until(
    () =>
      page.evaluate(
        'navigator.serviceWorker.getRegistration().then((one) => one?.active?.state === "activated")',
      ),
    'an active worker',
  )

interface Kept {
  cache: string
  path: string
  hash: string
  type: string
}

/** All that the caches of a page's origin hold. */
async function keptBy(page: Page): Promise<Kept[]> {
  return await page.evaluate(`(async () => {
    const found = []
    for (const cache of await caches.keys()) {
      for (const request of await (await caches.open(cache)).keys()) {
        const response = await (await caches.open(cache)).match(request)
        const hash = await crypto.subtle.digest('SHA-256', await response.arrayBuffer())
        found.push({
          cache,
          path: request.url.slice(location.origin.length),
          hash: btoa(String.fromCharCode(...new Uint8Array(hash))),
          type: response.headers.get('content-type'),
        })
      }
    }
    return found
  })()`)
}

const fileOf = (path: string) => (path === '/offline' ? 'offline.html' : path)
const hashOf = (path: string) =>
  createHash('sha256')
    .update(readFileSync(join(builtPages(), fileOf(path))))
    .digest('base64')

/** Only hashed assets and the one shell, each as it was built. */
async function keepsOnlyOwn(t: Test, page: Page): Promise<Kept[]> {
  const kept = await keptBy(page)
  t.ok(kept.some(({ path }) => path === '/offline'))
  for (const { path, hash } of kept) {
    t.match(path, /^\/(?:offline$|assets\/[\w.-]+-[\w-]{8}\.(?:js|css|svg|woff2|png)$)/)
    t.equal(hash, hashOf(path), path)
  }
  return kept
}

t.test('Chromium finds the staff’s and the customers’ pages installable', async (t) => {
  const { context, orderId } = await customer()
  const staff = await site.staff(TABLET)
  for (const [where, path, wanted] of [
    [context, '/s/demo-a1', '/s/demo-a1'],
    [context, `/orders/${orderId}`, '/'],
    [staff.context, '/theatre/live-orders/', '/theatre/live-orders/'],
    [staff.context, '/account', '/theatre/live-orders/'],
  ] as const) {
    const page = await where.newPage()
    await page.goto(path)
    await hasWorker(page)
    const cdp = await where.newCDPSession(page)
    if (wanted === '/s/demo-a1')
      await page.locator('link[rel=manifest][href*=demo-a1]').waitFor({ state: 'attached' })
    const manifest = await cdp.send('Page.getAppManifest')
    t.strictSame(manifest.errors, [], path)
    const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors')
    // a profile that leaves no trace installs nothing
    const errors = installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito')
    t.strictSame(errors, [], path)
    const { icons, start_url: start } = JSON.parse(manifest.data ?? '{}')
    t.equal(start, wanted, path)
    for (const { src, sizes, type } of icons) {
      const answer = await page.request.get(src)
      const body = await answer.body()
      t.equal(answer.headers()['content-type'], type)
      t.equal(`${body.readUInt32BE(16)}x${body.readUInt32BE(20)}`, sizes, src)
    }
    await page.close()
  }
})

async function customer(): Promise<{ context: BrowserContext; orderId: number; cookies: Cookies }> {
  const { client, orderId } = await orderFrom(site.url, 'demo-a1', { 'Masala Chai': 1 }, 'cash')
  const { context } = await site.visitor(PHONE)
  await context.addCookies([...client.cookies].map(([name, value]) => ({ name, value, url: site.url })))
  return { context, orderId, cookies: client.cookies }
}
type Cookies = ReadonlyMap<string, string>

t.test('nothing signed in is kept: hashed assets and one shell alone', async (t) => {
  const { context, orderId } = await customer()
  const phone = await context.newPage()
  await phone.goto('/s/demo-a1')
  await hasWorker(phone)
  for (const path of ['/s/demo-a1', `/orders/${orderId}`, `/orders/${orderId}/receipt`, '/account']) {
    await phone.goto(path)
    await phone.locator('#boot').waitFor({ state: 'detached' })
  }
  await phone.evaluate('fetch("/api/auth/session")')
  await phone.evaluate('fetch("/assets/boot.js")')
  await phone.evaluate('fetch("/offline")')
  const kept = await keepsOnlyOwn(t, phone)
  t.ok(
    kept.some(({ path }) => path.startsWith('/assets/order-')),
    'assets that were used are',
  )

  const staff = await site.staff(TABLET)
  const tablet = await staff.open('/theatre/live-orders/')
  await linkIs(tablet)
  await hasWorker(tablet)
  for (const path of ['/theatre/chat/', '/theatre/seats/', '/account', '/theatre/live-orders/']) {
    await tablet.goto(path)
    await tablet.locator('#boot').waitFor({ state: 'detached' })
  }
  await keepsOnlyOwn(t, tablet)
})

t.test('pages come from the network alone; assets of the build without it', async (t) => {
  const { context } = await site.visitor(PHONE)
  const page = await context.newPage()
  await page.goto('/s/demo-a1')
  await hasWorker(page)
  const sources = new Map<string, boolean>()
  page.on('response', (response) =>
    sources.set(new URL(response.url()).pathname, response.fromServiceWorker()),
  )
  await page.goto('/s/demo-a1')
  await page.locator(MENU).first().waitFor()
  await page.goto('/s/demo-a1')
  await page.locator(MENU).first().waitFor()
  t.equal(sources.get('/api/seats/demo-a1'), false, 'a call passes the worker by')
  const assets = [...sources].filter(([path]) => path.startsWith('/assets/') && path !== '/assets/boot.js')
  t.ok(assets.length > 3)
  t.ok(assets.every(([, fromWorker]) => fromWorker))
  const policy = (await page.request.get('/s/demo-a1')).headers()['content-security-policy']
  t.match(policy, /worker-src 'self'/)
  t.match(policy, /manifest-src 'self'/)
})

t.test(
  'without a network: the signed-out shell, in the browser’s language, and back by itself',
  async (t) => {
    const network = await openNetwork(t, site.port)
    for (const [locale, title] of [
      ['en-IN', OFFLINE],
      ['hi-IN', 'आप ऑफ़लाइन हैं'],
    ] as const) {
      const staff = await site.staff({ ...TABLET, locale })
      const { context } = await site.visitor({ ...TABLET, locale, baseURL: network.url })
      await context.addCookies(await staff.context.cookies())
      const page = await context.newPage()
      await page.goto('/theatre/live-orders/')
      await linkIs(page)
      await hasWorker(page)
      network.cut()
      for (const path of ['/account', '/theatre/live-orders/']) {
        await page.goto(path)
        await page.getByRole('heading', { name: title }).waitFor()
        t.equal(await page.locator('main').count(), 1, 'in one language')
        t.notMatch(await page.content(), /Grand Cinema|Screen 1/)
        t.equal(
          await page.evaluate('getComputedStyle(document.querySelector("main")).display'),
          'grid',
          'with styles',
        )
      }
      network.restore()
      await linkIs(page)
      t.equal(new URL(page.url()).pathname, '/theatre/live-orders/')
      await context.close()
    }
  },
)

function forward(incoming: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url: path, headers } = incoming
  const outgoing = request({ port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  outgoing.on('error', () => response.destroy())
  incoming.pipe(outgoing)
}

/** A proxy before the service that answers in its place, as a captive portal does. */
async function openPortal(t: Test, port: number) {
  let portal: ((request: IncomingMessage, response: ServerResponse) => void) | null = null
  const server = createServer((incoming, response) => {
    if (portal) portal(incoming, response)
    else forward(incoming, response, port)
  })
  const own = await listen(server)
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${own}`,
    answer(how: typeof portal) {
      portal = how
    },
  }
}

t.test('what a captive portal answers enters no cache', async (t) => {
  const HTML = '<!doctype html><title>Free Wi-Fi</title><p>Sign in</p>'
  for (const [what, headers, status] of [
    ['HTML', { 'content-type': 'text/html' }, 200],
    [
      'HTML that calls itself a script',
      { 'content-type': 'text/javascript', 'cache-control': 'public, max-age=31536000, immutable' },
      200,
    ],
    ['a redirect', { location: '/portal' }, 302],
  ] as const) {
    const portal = await openPortal(t, site.port)
    const { context } = await site.visitor({ ...PHONE, baseURL: portal.url })
    const page = await context.newPage()
    await page.goto('/s/demo-a1')
    await hasWorker(page)
    portal.answer((_request, response) => response.writeHead(status, headers).end(HTML))
    // assets that this browser does not have yet, and its pages
    const paths = ['login', 'order', 'live-orders'].map(assetOf)
    const answers = await page.evaluate(
      `Promise.all(${JSON.stringify(paths)}.map((path) => fetch(path).then((answer) => answer.text(), () => '')))`,
    )
    t.ok(
      Array.isArray(answers) && answers.every((text) => text === HTML || text === ''),
      `${what} is passed on`,
    )
    await page.evaluate('fetch("/orders/1").catch(() => {})')
    await keepsOnlyOwn(t, page)
    portal.answer(null)
    await page.goto('/login')
    await page.locator('input[name=password]').waitFor()
    await keepsOnlyOwn(t, page)
    await context.close()
  }
})

/** The path of the script of a page. */
function assetOf(page: string): string {
  const [path] =
    new RegExp(`/assets/${page}-[\\w-]{8}\\.js`).exec(
      readFileSync(join(builtPages(), `${page}.html`), 'utf8'),
    ) ?? []
  if (!path) throw new Error(`${page} has no script`)
  return path
}

/** A folder of the pages in which the worker's file is another. */
function withWorker(t: Test, change: (source: string, folder: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), 'houselights-build-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(builtPages(), folder, { recursive: true })
  const path = join(folder, 'sw.js')
  writeFileSync(path, change(readFileSync(path, 'utf8'), folder))
  return folder
}

/** A portal that leads to the service, and then to one with another worker. */
async function afterDeploy(t: Test, folder: string) {
  const portal = await openPortal(t, site.port)
  const next = await startService(t, { database: site.database, pages: folder, env: { RATE_LIMITS: 'off' } })
  const { context } = await site.visitor({ ...PHONE, baseURL: portal.url })
  const page = await context.newPage()
  await page.goto('/s/demo-a1')
  await hasWorker(page)
  const before = await keepsOnlyOwn(t, page)
  portal.answer((incoming, response) => forward(incoming, response, next.port))
  return { page, before }
}

t.test('after a deploy the new worker takes over, and the old build’s cache goes', async (t) => {
  const folder = withWorker(t, (source) => source.replace(/(houselights-`,\w+=`\$\{\w+\})[^`]+/, '$1another'))
  const { page, before } = await afterDeploy(t, folder)
  await page.goto('/s/demo-a1')
  await untilSame(t, 'one cache', () => page.evaluate('caches.keys()'), ['houselights-another'])
  t.not(before[0]?.cache, 'houselights-another')
  await page.locator(MENU).first().waitFor()
  await keepsOnlyOwn(t, page)
})

t.test('a broken worker is ended by the one that does nothing else', async (t) => {
  const folder = withWorker(t, (_source, from) => readFileSync(join(from, 'sw-off.js'), 'utf8'))
  const { page } = await afterDeploy(t, folder)
  await page.goto('/s/demo-a1')
  await untilSame(t, 'no cache', () => page.evaluate('caches.keys()'), [])
  await page.goto('about:blank')
  await page.goto('/s/demo-a1')
  await page.locator(MENU).first().waitFor()
  await untilSame(
    t,
    'no worker',
    () =>
      page.evaluate('navigator.serviceWorker.controller === null && caches.keys().then((all) => all.length)'),
    0,
  )
})

t.test('the worker’s file is asked for anew each time', async (t) => {
  const odd = await fetch(`${site.url}/order.webmanifest?seat=${encodeURIComponent('../evil')}`)
  t.equal(JSON.parse(await odd.text()).start_url, '/', 'a start that is no seat is not taken')
  for (const path of ['/sw.js', '/manifest.webmanifest', '/order.webmanifest', '/offline']) {
    const answer = await fetch(`${site.url}${path}`)
    t.equal(answer.status, 200)
    t.equal(answer.headers.get('cache-control'), 'no-cache')
    t.equal(answer.headers.get('set-cookie'), null)
  }
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(
    // what the portal answered
    site.pageErrors.filter(
      (each) => !/Unexpected token '<'|^EventSource's response has a MIME type/.test(each),
    ),
    [],
  )
})
