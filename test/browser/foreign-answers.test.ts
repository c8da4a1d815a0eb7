import type { BrowserContext, Page, Route } from 'playwright-core'
import t from 'tap'
import { orderFrom } from '../helpers/customers.js'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'
import { until, untilSame } from '../helpers/until.js'
import { linkIs, PHONE, startSite, TABLET, type Visitor } from './site.js'

// A network that answers in the service's place: with a page of its own, with a redirect to it, or with 200 to a call
// that answers nothing. The page says so, and comes back by itself.

const WORDS = 'This network wants you to sign in first.'
const PORTAL = {
  contentType: 'text/html; charset=utf-8',
  body: '<!doctype html><h1>Welcome to our Wi-Fi</h1>',
}
const READY: Record<string, string> = {
  '/s/demo-a1': '[data-action=add]',
  '/login': 'input[name=username]',
  '/theatre/live-orders/': '[data-link-state=live]',
  '/theatre/chat/': '[data-link-state=live]',
  '/theatre/seats/': 'svg.qr',
  '/theatre/today/': '.payments[data-open-issues]',
  '/theatre/manage/': '[data-menu-item-id]',
  '/account': '.device',
}

const site = await startSite(t, {}, { worker: true })

type Answer = (route: Route) => Promise<void>
const page200: Answer = (route) => route.fulfill(PORTAL)
/** what a portal's redirect comes to for a script; a browser follows a redirect to another host for pages only */
const redirect: Answer = (route) =>
  route.fulfill({ status: 302, headers: { location: 'http://portal.example/sign-in' } })
const ANSWERS: Record<string, Answer> = {
  'a page with 200': page200,
  'a redirect': redirect,
  'JSON that is not ours': (route) => route.fulfill({ contentType: 'application/json', body: '{"ok":true}' }),
  'a page called JSON': (route) => route.fulfill({ ...PORTAL, contentType: 'application/json' }),
  '511': (route) => route.fulfill({ ...PORTAL, status: 511 }),
}

/** Lets something else answer the requests and handshakes of these addresses, until it is opened. */
async function intercept(
  context: BrowserContext,
  addresses: RegExp,
  answer: Answer,
): Promise<{ open(): void }> {
  let isOpen = false
  await context.route(addresses, (route) => (isOpen ? route.continue() : answer(route)))
  await context.routeWebSocket(/\/ws\//, (socket) => {
    if (isOpen) socket.connectToServer()
    else void socket.close({ code: 1006 })
  })
  return {
    open: () => {
      isOpen = true
    },
  }
}

const wake = (page: Page) => page.evaluate('dispatchEvent(new Event("online"))')
const visitorFor = (path: string): Promise<Visitor> =>
  path.startsWith('/s/') || path === '/login'
    ? site.visitor(PHONE)
    : site.staff({ ...TABLET, username: 'manager' })

for (const [path, ready] of Object.entries(READY)) {
  t.test(`${path}: says what answers, and comes up by itself`, async (t) => {
    const { context } = await visitorFor(path)
    const network = await intercept(context, /\/api\//, page200)
    const page = await context.newPage()
    await page.goto(path)
    await page.getByRole('alert').filter({ hasText: WORDS }).first().waitFor()
    t.equal(await page.getByText('SyntaxError').count(), 0)
    t.match(
      await page.getByRole('link', { name: 'Open the network’s page' }).first().getAttribute('href'),
      path,
    )
    await page.evaluate('window.never = "reloaded"')
    network.open()
    await wake(page)
    await page.locator(ready).first().waitFor()
    await page.getByText(WORDS).waitFor({ state: 'detached' })
    t.equal(await page.evaluate('window.never'), 'reloaded', 'without a reload')
    await context.close()
  })
}

for (const [name, answer] of Object.entries(ANSWERS)) {
  t.test(
    `the menu, with ${name}: the same words, in Hindi too; without being woken it tries again`,
    async () => {
      const { context } = await site.visitor({ ...PHONE, locale: 'hi-IN' })
      const network = await intercept(context, /\/api\//, answer)
      const page = await context.newPage()
      await page.goto('/s/demo-a1')
      await page.getByRole('alert').filter({ hasText: 'हमारी जगह यह नेटवर्क जवाब दे रहा है।' }).waitFor()
      network.open()
      await page.locator('[data-action=add]').first().waitFor()
      await context.close()
    },
  )
}

t.test('an open order page says what answers, and goes on', async () => {
  const guest = await orderFrom(site.url, 'demo-a3', { 'Masala Chai': 1 }, 'cash')
  const { context } = await site.visitor(PHONE)
  await context.addCookies([...guest.client.cookies].map(([name, value]) => ({ name, value, url: site.url })))
  const network = await intercept(context, /\/api\//, page200)
  const page = await context.newPage()
  await page.goto(`/orders/${guest.orderId}`)
  await page.locator('[data-banner=foreign]').waitFor()
  network.open()
  await wake(page)
  await page.getByRole('heading', { name: 'We have your order' }).waitFor()
  await linkIs(page)
  await page.locator('[data-banner=foreign]').waitFor({ state: 'detached' })
  await context.close()
})

t.test('a sign-in that the network answered is no sign-in, and is not repeated by itself', async (t) => {
  const { context } = await site.visitor(PHONE)
  let tries = 0
  await context.route('**/api/auth/login', (route) => {
    tries += 1
    return tries === 1 ? page200(route) : route.continue()
  })
  const page = await context.newPage()
  await page.goto('/login')
  await page.getByLabel('Username').fill('staff')
  await page.getByLabel('Password', { exact: true }).fill(DEMO_PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').filter({ hasText: WORDS }).waitFor()
  t.equal(tries, 1)
  // a password does not survive its submit
  await page.getByLabel('Password', { exact: true }).fill(DEMO_PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await linkIs(page)
  await context.close()
})

t.test('a sign-out that the network answered is sent again until the service has it', async (t) => {
  const { context } = await site.staff(TABLET)
  let tries = 0
  await context.route('**/api/auth/logout', (route) => {
    tries += 1
    return tries < 3 ? page200(route) : route.continue()
  })
  const page = await context.newPage()
  await page.goto('/account')
  await page.locator('[data-action=sign-out]').click()
  await page.waitForURL(/\/login$/)
  t.equal(tries, 3)
  t.equal((await context.request.get('/api/auth/session')).status(), 401)
  await context.close()
})

t.test('an order whose answer the network replaced is placed once', async (t) => {
  const { context } = await site.visitor(PHONE)
  let tries = 0
  await context.route('**/api/seats/demo-a4/orders', async (route) => {
    tries += 1
    if (tries > 1) return route.continue()
    // it reached the service
    await route.fetch()
    await page200(route)
  })
  const page = await context.newPage()
  await page.goto('/s/demo-a4')
  await page.getByRole('button', { name: 'Add one Masala Chai' }).click()
  await page.getByRole('button', { name: /^Review/ }).click()
  await page.getByLabel('Cash at your seat').check()
  await page.getByRole('button', { name: 'Place order for ₹80' }).click()
  await page.getByRole('alert').filter({ hasText: 'It’s safe to try again' }).waitFor()
  t.equal(tries, 1, 'not repeated by itself')
  await page.getByRole('button', { name: 'Place order for ₹80' }).click()
  await page.getByRole('heading', { name: 'We have your order' }).waitFor()
  t.equal(tries, 2)
  t.equal(await site.db.order.count({ where: { seat: { token: 'demo-a4' } } }), 1)
  await context.close()
})

for (const [what, addresses] of [
  ['every script but boot.js', /\/assets\/(?!boot).*\.js$/],
  ['every script', /\/assets\/.*\.js$/],
  ['scripts and styles', /\/assets\/.*\.(?:js|css)$/],
] as const) {
  t.test(`a page in the place of ${what}: the words of the HTML, and the page comes by itself`, async () => {
    const { context } = await site.visitor(PHONE)
    const network = await intercept(context, addresses, page200)
    const page = await context.newPage()
    await page.goto('/s/demo-a1')
    await page.getByRole('heading', { name: 'This page hasn’t loaded yet' }).waitFor()
    network.open()
    await page.locator('[data-action=add]').first().waitFor()
    await page.locator('#boot').waitFor({ state: 'detached' })
    await context.close()
  })
}

t.test('lost styles come later, without a reload', async (t) => {
  const { context } = await site.visitor(PHONE)
  const network = await intercept(context, /\/assets\/.*\.css$/, page200)
  const page = await context.newPage()
  await page.goto('/s/demo-a1')
  await page.locator('[data-action=add]').first().waitFor()
  await page.evaluate('window.never = "reloaded"')
  network.open()
  await until(() => page.evaluate('getComputedStyle(document.body).margin === "0px"'), 'the styles')
  t.equal(await page.evaluate('window.never'), 'reloaded')
  await context.close()
})

t.test('without boot.js the page is loaded again after 20 s, but not when it works', async (t) => {
  for (const [lost, delays] of [
    [/\/assets\/.*\.js$/, [20]],
    [/\/assets\/boot\.js$/, []],
  ] as const) {
    const { context } = await site.visitor(PHONE)
    await context.route(lost, (route) => route.abort())
    const page = await context.newPage()
    const devTools = await context.newCDPSession(page)
    const planned: number[] = []
    devTools.on('Page.frameScheduledNavigation', ({ delay }) => planned.push(delay))
    devTools.on('Page.frameClearedScheduledNavigation', () => planned.pop())
    await devTools.send('Page.enable')
    await page.goto('/s/demo-a1', { waitUntil: 'commit' })
    if (delays.length > 0) await page.getByRole('heading', { name: 'This page hasn’t loaded yet' }).waitFor()
    else await page.locator('[data-action=add]').first().waitFor()
    await untilSame(t, String(lost), () => planned, [...delays])
    await context.close()
  }
})

t.test('no page reported an exception', async (t) => {
  t.strictSame(
    site.pageErrors.filter((line) => !/MIME type|CORS policy|SyntaxError: Unexpected token '<'/.test(line)),
    [],
  )
})
