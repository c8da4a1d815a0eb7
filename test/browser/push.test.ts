import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { orderFrom, postOrder, sendMessage } from '../helpers/customers.js'
import { deferred } from '../helpers/deferred.js'
import { createClient } from '../helpers/http-client.js'
import { startPushService, type TestSubscription } from '../helpers/push-service.js'
import { signIn } from '../helpers/sign-in.js'
import { until, untilSame } from '../helpers/until.js'
import { violations } from './accessibility.js'
import { COUNT_HANDLED } from './background-tab.js'
import { linkIs, PHONE, startSite, TABLET } from './site.js'

// Notifications in Chromium. The browser's push service is out of reach here, so `PushManager.subscribe` is replaced: it
// gives a subscription at the stand-in. What the stand-in gets, the browser's own protocol delivers to the real worker.

const push = await startPushService(t)
const site = await startSite(t, { PUSH_HOSTS: push.host }, { worker: true, withWindows: true })
const staffClient = await signIn(site.url, 'staff')
const BOARD = '/theatre/live-orders/'

/** With the worker active: on a busy machine its installation takes longer than the page waits for it. */
async function tapBell(page: Page): Promise<void> {
  await page.evaluate('navigator.serviceWorker.ready.then(() => null)')
  await page.locator('[data-action=notify]:not([data-settling=true])').tap()
}

/** The pages of this profile subscribe at the stand-in. */
async function subscribeAt(context: BrowserContext, { endpoint, keys }: TestSubscription): Promise<void> {
  await context.addInitScript(
    `{
      const subscription = {
        endpoint: ${JSON.stringify(endpoint)},
        toJSON: () => ({ endpoint: ${JSON.stringify(endpoint)}, expirationTime: null, keys: ${JSON.stringify(keys)} }),
        unsubscribe: async () => true,
      }
      const isOn = () => localStorage.getItem('test-subscribed') !== null
      PushManager.prototype.getSubscription = async () => (isOn() ? subscription : null)
      PushManager.prototype.subscribe = async (options) => {
        if (!options.userVisibleOnly || options.applicationServerKey.length !== 87) throw new Error('wrong options')
        localStorage.setItem('test-subscribed', '1')
        return subscription
      }
    }`,
  )
}

async function guest(options = {}): Promise<{ context: BrowserContext; orderId: number; name: string }> {
  const { client, orderId } = await orderFrom(site.url, 'demo-a1', { 'Masala Chai': 1 }, 'cash')
  const { context } = await site.visitor({ ...PHONE, permissions: ['notifications'], ...options })
  await context.addCookies([...client.cookies].map(([name, value]) => ({ name, value, url: site.url })))
  const name = `guest of ${orderId}`
  await subscribeAt(context, push.browser(name))
  return { context, orderId, name }
}

const subscriptions = (orderId: number) =>
  site.db.pushSubscription.count({ where: { orderIds: { has: orderId } } })

/** The worker of a page's origin, by the browser's protocol. */
async function workerOf(
  page: Page,
): Promise<{ cdp: CDPSession; deliver(payload: object | string): Promise<void> }> {
  await until(
    () =>
      page.evaluate(
        'navigator.serviceWorker.getRegistration().then((one) => one?.active?.state === "activated")',
      ),
    'an active worker',
  )
  const cdp = await page.context().newCDPSession(page)
  const found = new Promise<string>((resolve) =>
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const own = registrations.find(({ scopeURL }) => scopeURL === `${site.url}/`)
      if (own) resolve(own.registrationId)
    }),
  )
  await cdp.send('ServiceWorker.enable')
  const registrationId = await found
  return {
    cdp,
    async deliver(payload) {
      const data = typeof payload === 'string' ? payload : JSON.stringify(payload)
      const worker = page.context().serviceWorkers().at(-1)
      if (!worker) throw new Error('no worker')
      const handled = async () => Number(await worker.evaluate(COUNT_HANDLED))
      const before = await handled()
      await cdp.send('ServiceWorker.deliverPushMessage', { origin: site.url, registrationId, data })
      await until(async () => (await handled()) > before, 'the message to be handled')
    },
  }
}

/** The pages that the worker knows, in all states: for a moment the one that was left is among them. */
async function clientsOf(context: BrowserContext): Promise<string> {
  const clients = "self.clients.matchAll({ type: 'window', includeUncontrolled: true })"
  const list = await context
    .serviceWorkers()
    .at(-1)
    ?.evaluate(
      `${clients}.then((all) => all.map(({ url, visibilityState }) => url + ' ' + visibilityState).join())`,
    )
  return String(list)
}

/** Asked for while it is being shown, Chromium forgets a notification: so ask once a message is handled. */
const SHOWN = `navigator.serviceWorker.ready.then((one) => one.getNotifications()).then((all) =>
  all.map(({ title, body, tag, data }) => ({ title, body, tag, data })))`
const shownBy = (page: Page): Promise<object[]> => page.evaluate(SHOWN)

t.test('a customer consents for one order, is notified, and takes it back', async (t) => {
  const { context, orderId, name } = await guest()
  const page = await context.newPage()
  await page.goto(`/orders/${orderId}`)
  const notices = page.locator('.notices')
  await notices.and(page.locator('[data-push=off]')).waitFor()
  t.equal(await subscriptions(orderId), 0, 'nothing without consent')
  t.strictSame(await violations(page), [])
  await tapBell(page)
  await notices.and(page.locator('[data-push=on]')).waitFor()
  t.equal(await subscriptions(orderId), 1)
  t.strictSame(await violations(page), [])
  const { deliver } = await workerOf(page)

  await sendMessage(staffClient, orderId, 'the words of the answer')
  const { payload } = await push.received.expect({ to: name })
  await deliver(payload)
  const other = await context.newPage()
  await other.goto('/account')
  await other.locator('.device').waitFor()
  t.strictSame(await shownBy(other), [], 'the order’s page is on the screen')
  await page.close()
  await deliver(payload).catch(() => {})
  const again = await workerOf(other)
  await again.deliver(payload)
  await untilSame(t, 'a notification, in plain words', () => shownBy(other), [
    {
      title: 'The staff have answered you',
      body: `Order ${orderId}`,
      tag: `chat-${orderId}`,
      data: `/orders/${orderId}`,
    },
  ])
  await again.deliver(payload)
  await again.deliver({ kind: 'on-its-way', order: orderId, language: 'hi' })
  await untilSame(
    t,
    'one for each tag, in the subscriber’s language',
    async () => (await shownBy(other)).map((each) => Reflect.get(each, 'title')).sort(),
    ['The staff have answered you', 'आपका ऑर्डर आ रहा है'],
  )

  await other.goto(`/orders/${orderId}`)
  await other.locator('.notices[data-push=on]').waitFor()
  await other.locator('[data-action=stop-notices]:not([data-settling=true])').tap()
  await other.locator('.notices[data-push=off]').waitFor()
  t.equal(await subscriptions(orderId), 0)
})

/** Holds the page's calls of that method to the service's push routes, until the function that it returns is called. */
async function holdPush(page: Page, method: string): Promise<() => void> {
  const { promise: released, resolve: release } = deferred()
  await page.route('**/api/push', async (route) => {
    if (route.request().method() === method) await released
    await route.continue()
  })
  return release
}

t.test('the user is asked while the touch is handled, whatever the page still reads', async (t) => {
  const { context, orderId } = await guest()
  await context.addInitScript(`
    window.asked = 0
    Object.defineProperty(Notification, 'permission', { get: () => (asked > 0 ? 'granted' : 'default') })
    Notification.requestPermission = async () => { asked += 1 }`)
  const page = await context.newPage()
  const release = await holdPush(page, 'GET')
  await page.goto(`/orders/${orderId}`)
  await page.locator('.notices[data-push=off]').waitFor()
  await tapBell(page)
  await untilSame(t, 'asked once', () => page.evaluate('asked'), 1)
  t.equal(await subscriptions(orderId), 0)
  release()
  await page.locator('.notices[data-push=on]').waitFor()
  t.equal(await subscriptions(orderId), 1)
})

t.test('what is turned off while the page registers it anew stays off', async (t) => {
  const { context, orderId } = await guest()
  const page = await context.newPage()
  await page.goto(`/orders/${orderId}`)
  await tapBell(page)
  await page.locator('.notices[data-push=on]').waitFor()
  const registers = page.waitForRequest(
    (request) => request.url().endsWith('/api/push') && request.method() === 'POST',
  )
  const release = await holdPush(page, 'POST')
  await page.reload()
  await registers
  const registered = page.waitForResponse((response) => response.request().method() === 'POST')
  await page.locator('[data-action=stop-notices]').tap()
  await page.evaluate('new Promise(requestAnimationFrame)')
  release()
  await registered
  await page.locator('.notices[data-push=off]').waitFor()
  await untilSame(t, 'no subscription', () => subscriptions(orderId), 0)
  t.equal(await page.locator('.notices').getAttribute('data-push'), 'off')
})

t.test('another order of the same browser is not asked for by the first', async (t) => {
  const client = createClient(site.url)
  const first = await postOrder(client, { seat: 'demo-a2', paymentMethod: 'cash' })
  const second = await postOrder(client, { seat: 'demo-a2', paymentMethod: 'cash' })
  const { context } = await site.visitor({ ...PHONE, permissions: ['notifications'] })
  await context.addCookies([...client.cookies].map(([name, value]) => ({ name, value, url: site.url })))
  await subscribeAt(context, push.browser('both'))
  const page = await context.newPage()
  await page.goto(`/orders/${first.id}`)
  await tapBell(page)
  await page.locator('.notices[data-push=on]').waitFor()
  await page.goto(`/orders/${second.id}`)
  await page.locator('.notices[data-push=off]').waitFor()
  t.same([await subscriptions(first.id), await subscriptions(second.id)], [1, 0])
})

t.test('what can’t be had is said or not offered', async (t) => {
  const blocked = await guest({ permissions: [] })
  const page = await blocked.context.newPage()
  await page.goto(`/orders/${blocked.orderId}`)
  await page.locator('.notices[data-push=blocked]').waitFor()
  await page.getByText('Notifications are blocked for this site').waitFor()
  t.equal(await page.locator('[data-action=notify]').count(), 0)
  t.strictSame(await violations(page), [])

  const iPhone = await guest({
    userAgent:
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Safari/604.1',
  })
  await iPhone.context.addInitScript('delete window.PushManager')
  const install = await iPhone.context.newPage()
  await install.goto(`/orders/${iPhone.orderId}`)
  await install.getByText('Add to Home Screen').waitFor()

  const old = await guest()
  await old.context.addInitScript('delete window.PushManager')
  const bare = await old.context.newPage()
  await bare.goto(`/orders/${old.orderId}`)
  await linkIs(bare)
  t.equal(await bare.locator('.notices').count(), 0)
})

t.test(
  'after the service’s keys have changed the browser subscribes anew, for all that was asked',
  async (t) => {
    const client = createClient(site.url)
    const [first, second] = [
      await postOrder(client, { seat: 'demo-a3', paymentMethod: 'cash' }),
      await postOrder(client, { seat: 'demo-a3', paymentMethod: 'cash' }),
    ]
    const { context } = await site.visitor({ ...PHONE, permissions: ['notifications'] })
    await context.addCookies([...client.cookies].map(([name, value]) => ({ name, value, url: site.url })))
    const [old, next] = [push.browser('old key'), push.browser('new key')]
    // as Chromium: a subscription under another key must be ended before there can be one under this
    await context.addInitScript(`{
    const given = { old: ${JSON.stringify(old)}, next: ${JSON.stringify(next)} }
    const made = (which) => ({
      ...given[which],
      options: { applicationServerKey: Uint8Array.from(which === 'old' ? 'another' : localStorage.getItem('test-key').match(/../g).map((hex) => parseInt(hex, 16))).buffer },
      toJSON: () => ({ ...given[which], expirationTime: null }),
      unsubscribe: async () => { localStorage.removeItem('test-which'); return true },
    })
    const which = () => localStorage.getItem('test-which')
    PushManager.prototype.getSubscription = async () => (which() ? made(which()) : null)
    PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
      const isFirst = localStorage.getItem('test-key') === null
      if (which() === 'old' && !isFirst && localStorage.getItem('test-changed')) throw new DOMException('another key', 'InvalidStateError')
      const bytes = Uint8Array.from(atob(applicationServerKey.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
      localStorage.setItem('test-key', [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(''))
      if (!which()) localStorage.setItem('test-which', localStorage.getItem('test-changed') ? 'next' : 'old')
      return made(which())
    }
  }`)
    const page = await context.newPage()
    for (const { id } of [first, second]) {
      await page.goto(`/orders/${id}`)
      await tapBell(page)
      await page.locator('.notices[data-push=on]').waitFor()
    }
    const ordersOf = async (endpoint: string) =>
      (await site.db.pushSubscription.findUnique({ where: { endpoint } }))?.orderIds.toSorted((a, b) => a - b)
    t.same(await ordersOf(old.endpoint), [first.id, second.id])
    await page.evaluate('localStorage.setItem("test-changed", "1")')
    await page.goto(`/orders/${second.id}`)
    await page.locator('.notices[data-push=on]').waitFor()
    await untilSame(t, 'both orders', () => ordersOf(next.endpoint), [first.id, second.id])
    await untilSame(t, 'the old one is forgotten', () => ordersOf(old.endpoint), undefined)
  },
)

t.test('a click on a notification shows its page: the open one, or a new one', async (t) => {
  const { context, orderId } = await guest()
  const page = await context.newPage()
  await page.goto('/account')
  const { deliver } = await workerOf(page)
  const worker = context.serviceWorkers().at(-1)
  if (!worker) throw new Error('no worker')
  // Nobody can click in a headless browser, and without a click it opens and focuses nothing: what the worker asks for counts.
  await worker.evaluate(`
    self.asked = []
    self.clients.openWindow = async (path) => void self.asked.push('open ' + path)
    WindowClient.prototype.focus = async function () { self.asked.push('focus ' + new URL(this.url).pathname); return this }
  `)
  const click = (title: string): Promise<string[]> =>
    worker.evaluate(`(async () => {
      self.asked.length = 0
      const all = await self.registration.getNotifications()
      const notification = all.find((each) => each.title === ${JSON.stringify(title)})
      const event = new NotificationEvent('notificationclick', { notification })
      let work
      event.waitUntil = (promise) => { work = promise }
      self.dispatchEvent(event)
      await work
      return self.asked
    })()`)
  const shown = async (title: string) =>
    await until(async () => (await shownBy(page)).some((each) => Reflect.get(each, 'title') === title), title)
  await deliver({ kind: 'on-its-way', order: orderId, language: 'en' })
  await shown('Your order is on its way')
  t.same(await click('Your order is on its way'), [`open /orders/${orderId}`])
  await deliver({ kind: 'new-order', order: orderId, language: 'en' })
  await shown('New order')
  t.same(await click('New order'), ['open /theatre/live-orders/'])
  await deliver({ kind: 'answer', order: orderId, language: 'en' })
  await shown('The staff have answered you')
  const order = await context.newPage()
  await order.goto(`/orders/${orderId}`)
  await linkIs(order)
  await page.bringToFront()
  t.same(await click('The staff have answered you'), [`focus /orders/${orderId}`])
})

t.test('staff: what the board shows, while it is not on the screen', async (t) => {
  const staff = await site.staff({ ...TABLET, permissions: ['notifications'] })
  await subscribeAt(staff.context, push.browser('board'))
  const board = await staff.open(BOARD)
  await linkIs(board)
  const bell = board.locator('[data-action=notify]')
  await bell.and(board.locator('[data-push=off]')).waitFor()
  await tapBell(board)
  await bell.and(board.locator('[data-push=on]')).or(board.locator('.tool-help')).waitFor()
  t.strictSame(await board.locator('.tool-help').allInnerTexts(), [], 'nothing failed')
  t.equal(await bell.getAttribute('aria-pressed'), 'true')
  t.match(await site.db.pushSubscription.findFirst({ where: { forStaff: true } }), {
    theatreId: 1,
    hall: null,
  })
  t.strictSame(await violations(board), [])
  const { deliver } = await workerOf(board)
  const { orderId } = await orderFrom(site.url, 'demo-b1', { 'Masala Chai': 1 }, 'cash')
  const { payload } = await push.received.expect({ to: 'board' })
  t.same(payload, { kind: 'new-order', order: orderId, language: 'en' })
  await deliver(payload)
  await board.locator(`.ticket[data-order-id="${orderId}"]`).waitFor()
  // a second message is handled after the first
  await deliver('nothing of ours')
  const texts = async () => {
    const shown = (await shownBy(board)).map((each) => Reflect.get(each, 'title'))
    // a busy browser may have let it go
    if (shown.length === 0) await deliver('nothing of ours')
    return shown
  }
  await untilSame(t, 'the board on the screen shows it', texts, ['There’s news about your order'])
  await board.goto('/theatre/chat/')
  await linkIs(board)
  const { deliver: deliverThere } = await workerOf(board)
  await until(async () => !(await clientsOf(staff.context)).includes(BOARD), 'the board to be gone')
  await deliverThere(payload)
  await until(async () => (await texts()).includes('New order'), 'a notification beside another page')

  await board.goto('/account')
  await board.locator('[data-action=sign-out]').click()
  await board.waitForURL(/\/login/)
  t.equal(await site.db.pushSubscription.count({ where: { forStaff: true } }), 0, 'signing out ends it')
  t.strictSame(await shownBy(board), [], 'and takes its notifications away')
})

async function offered(t: Test, locale: string, name: string) {
  const { context, orderId } = await guest({ locale })
  const page = await context.newPage()
  await page.goto(`/orders/${orderId}`)
  await page.getByRole('button', { name }).waitFor()
  t.equal(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0)
}

t.test('English and Hindi', async (t) => {
  await offered(t, 'en-IN', 'Notify me about this order')
  await offered(t, 'hi-IN', 'इस ऑर्डर की सूचना पाएँ')
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
