import type { BrowserContext, Page, ViewportSize } from 'playwright-core'
import type { Customer } from '../helpers/customers.js'
import type { TestService } from '../helpers/service.js'
import { until } from '../helpers/until.js'
import { hasOpened, linkIs } from './site.js'

export interface ShotContext {
  app: TestService
  context: BrowserContext
  guests: Map<string, Customer>
}

export interface Shot {
  name: string
  screen: 'phone' | 'tablet'
  viewport?: ViewportSize
  /** who is signed in: `staff`, `manager`, `nobody`, or the guest of a seat; `{order}` in the path is that guest's order */
  who: string
  path: string
  full?: boolean
  /** it ends the session, so it gets one of its own */
  ends?: boolean
  /** prepares the page for the picture */
  ready(page: Page, shown: ShotContext): Promise<void>
}

/** The managers' page with its lists filled. */
async function showBooks(page: Page): Promise<void> {
  await page.locator('.figures').waitFor()
  await page.locator('.takings summary').click()
  await page.getByLabel('Search').fill('popcorn')
  await page.locator('[data-action=search]').click()
  await page.locator('[data-found] .rows').waitFor()
}

/** Resolves once the pictures in sight are shown: they load lazily. */
export async function picturesLoaded(page: Page): Promise<void> {
  await until(
    () =>
      page.evaluate<boolean>(`[...document.images].every((image) => {
        const { top, bottom } = image.getBoundingClientRect()
        return bottom < 0 || top > innerHeight || (image.complete && image.naturalWidth > 0)
      })`),
    'the pictures in sight',
  )
}

const LIVE_ORDERS = '/theatre/live-orders/'

/** Waits until the page is live, and touches it, which browsers require before sound. */
async function live(page: Page): Promise<void> {
  await linkIs(page)
  await hasOpened(page)
  await page.mouse.click(4, 4)
}
const CART = ['Salted Popcorn', 'Salted Popcorn', 'Cheese Nachos', 'Cold Coffee']

async function fillCart(page: Page): Promise<void> {
  for (const name of CART) await page.getByRole('button', { name: `Add one ${name}` }).click()
  await page.evaluate('scrollTo(0, 0)')
}

async function toReview(page: Page): Promise<void> {
  await fillCart(page)
  await page.locator('[data-action=review]').click()
  await page.evaluate('document.activeElement.blur()')
}

/** The provider's checkout has reported success for this order. */
async function reportPayment(page: Page): Promise<void> {
  await page.locator('.payment').waitFor()
  await page.evaluate(
    `localStorage.setItem('houselights.reported.' + document.querySelector('main').dataset.orderId, Date.now())`,
  )
  await page.reload()
  await live(page)
}

/** The sum changes while the order is under review. */
async function changePrice(page: Page, { app }: ShotContext): Promise<void> {
  await toReview(page)
  const item = await app.db.menuItem.findFirstOrThrow({ where: { theatreId: 1, name: 'Cold Coffee' } })
  await app.db.menuItem.update({ where: { id: item.id }, data: { price: item.price + 1500 } })
  await page.locator('[data-notice=price-changed]').waitFor()
  await page.locator('[data-action=place-order]:enabled').waitFor()
  await app.db.menuItem.update({ where: { id: item.id }, data: { price: item.price } })
}

/** Something in the cart sells out while the order is under review, and stays so. */
async function sellOut(page: Page, { app }: ShotContext): Promise<void> {
  const item = await app.db.menuItem.findFirstOrThrow({ where: { theatreId: 1, name: 'Samosa Chaat' } })
  await app.db.menuItem.update({ where: { id: item.id }, data: { available: true } })
  await page.getByRole('button', { name: 'Add one Samosa Chaat' }).click()
  await toReview(page)
  await app.db.menuItem.update({ where: { id: item.id }, data: { available: false } })
  await page.locator('.line-problem').waitFor()
  await page.evaluate('document.querySelector("dialog").scrollTo(0, 0)')
}

/** An order is made, its answer is lost, and the cart has changed since. */
async function loseAnswer(page: Page): Promise<void> {
  await toReview(page)
  await page.evaluate(`{
    const send = window.fetch
    window.fetch = async (path, options) => {
      const answer = await send(path, options)
      if (!path.endsWith('/orders')) return answer
      window.fetch = send
      throw new TypeError('The answer is lost.')
    }
  }`)
  await page.locator('[data-action=place-order]').click()
  await page.getByRole('alert').waitFor()
  await page.locator('.review [data-action=more]').first().click()
  await page.locator('[data-action=place-order]').click()
  await page.locator('.earlier').waitFor()
}

/** Makes the service unreachable for an open page. */
async function goOffline(page: Page, { context }: ShotContext): Promise<void> {
  await live(page)
  await page.evaluate(
    'window.WebSocket = class extends EventTarget { constructor() { super() } close() {} send() {} }',
  )
  await context.setOffline(true)
  await page.evaluate('dispatchEvent(new Event("online"))')
  await page.locator('[data-banner=stale]').waitFor({ timeout: 40_000 })
}

export const SHOTS: Shot[] = [
  { name: 'live-orders', screen: 'tablet', who: 'staff', path: LIVE_ORDERS, ready: live },
  {
    name: 'live-orders-map',
    screen: 'tablet',
    who: 'staff',
    path: LIVE_ORDERS,
    async ready(page) {
      await live(page)
      await page.locator('[data-choice=view] [data-value=map]').click()
      await page.locator('[data-seat-state=late]').click()
    },
  },
  {
    name: 'live-orders-ended',
    screen: 'tablet',
    who: 'staff',
    path: LIVE_ORDERS,
    async ready(page) {
      await live(page)
      await page.locator('.ended summary').click()
      await page.evaluate('scrollTo(0, 10000)')
    },
  },
  {
    name: 'live-orders-expiring',
    screen: 'tablet',
    who: 'staff',
    ends: true,
    path: LIVE_ORDERS,
    async ready(page, { app }) {
      await live(page)
      await app.db.$executeRaw`UPDATE sessions SET absolute_ends_at = now() + interval '42 seconds'
        WHERE created_at = (SELECT max(created_at) FROM sessions)`
      await page.reload()
      await page.locator('.expiring').waitFor()
      await live(page)
    },
  },
  {
    name: 'live-orders-signed-out',
    screen: 'tablet',
    who: 'staff',
    ends: true,
    path: LIVE_ORDERS,
    async ready(page) {
      await live(page)
      await page.evaluate('fetch("/api/auth/logout", { method: "POST" })')
      await page.locator('[data-banner=signed-out]').waitFor()
    },
  },
  {
    name: 'live-orders-compact',
    screen: 'tablet',
    who: 'staff',
    path: LIVE_ORDERS,
    async ready(page) {
      await live(page)
      await page.locator('[data-choice=size] [data-value=compact]').click()
      // a click that is tried again scrolls
      await page.evaluate('scrollTo(0, 0)')
    },
  },
  { name: 'live-orders-stale', screen: 'tablet', who: 'staff', path: LIVE_ORDERS, ready: goOffline },
  { name: 'live-orders-phone', screen: 'phone', who: 'staff', path: LIVE_ORDERS, ready: live },
  {
    name: 'menu-panel',
    screen: 'tablet',
    who: 'staff',
    path: LIVE_ORDERS,
    async ready(page) {
      await live(page)
      await page.locator('[data-action=menu]').click()
      await page.locator('.switches li').first().waitFor()
    },
  },
  {
    name: 'pause',
    screen: 'tablet',
    who: 'staff',
    path: LIVE_ORDERS,
    async ready(page) {
      await live(page)
      await page.locator('[data-action=ordering]').click()
      await page.locator('[data-pause=open]:not([data-settling=true])').waitFor()
    },
  },
  {
    name: 'chat',
    screen: 'tablet',
    who: 'staff',
    path: '/theatre/chat/',
    async ready(page, { guests }) {
      await live(page)
      await page.locator(`[data-chat-id="${guests.get('demo-c7')?.orderId}"]`).click()
      await page.locator('.bubble').nth(4).waitFor()
    },
  },
  {
    name: 'chat-phone',
    screen: 'phone',
    who: 'staff',
    path: '/theatre/chat/',
    async ready(page) {
      await live(page)
      await page.locator('.chat-row').first().waitFor()
    },
  },
  {
    name: 'seat-codes',
    screen: 'tablet',
    who: 'staff',
    path: '/theatre/seats/',
    ready: (page) => page.locator('svg.qr').first().waitFor(),
  },
  {
    name: 'seat-codes-print',
    screen: 'tablet',
    viewport: { width: 794, height: 1123 },
    who: 'staff',
    path: '/theatre/seats/',
    async ready(page) {
      await page.locator('svg.qr').first().waitFor()
      await page.emulateMedia({ media: 'print' })
    },
  },
  {
    name: 'account',
    screen: 'tablet',
    who: 'staff',
    path: '/account',
    ready: (page) => page.locator('.device').first().waitFor(),
  },
  {
    name: 'login',
    screen: 'tablet',
    who: 'nobody',
    path: '/login',
    ready: (page) => page.locator('input[name=username]').fill('staff'),
  },
  {
    name: 'today-phone',
    screen: 'phone',
    who: 'manager',
    path: '/theatre/today/',
    ready: showBooks,
  },
  {
    name: 'manage-menu',
    screen: 'tablet',
    who: 'manager',
    path: '/theatre/manage/',
    async ready(page) {
      await page.locator('[data-menu-item-id]').nth(1).getByRole('switch').uncheck()
      await page.locator('.switch-until').waitFor()
    },
  },
  {
    name: 'manage-picture',
    screen: 'phone',
    who: 'manager',
    path: '/theatre/manage/',
    async ready(page) {
      await page.getByRole('button', { name: 'Picture of Masala Chai' }).click()
      await page.locator('.picture-preview img').waitFor()
      const file = { name: 'chai.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg/>') }
      await page.locator('input[type=file]').setInputFiles(file)
      await page.locator('.picture-form .problem').waitFor()
    },
  },
  {
    name: 'manage-item',
    screen: 'phone',
    who: 'manager',
    path: '/theatre/manage/',
    async ready(page) {
      await page.getByRole('button', { name: 'Change Milkshake' }).click()
      await page.locator('input[name=price]').fill('twelve')
      await page.locator('[data-action=save-item]').click()
      await page.locator('.field-problem').waitFor()
    },
  },
  {
    name: 'manage-settings',
    screen: 'tablet',
    who: 'manager',
    path: '/theatre/manage/',
    full: true,
    async ready(page) {
      await page.getByRole('radio', { name: 'Settings' }).check()
      await page.getByRole('checkbox', { name: 'Orders are taken at any time' }).uncheck()
      await page.locator('.hours-row').nth(6).waitFor()
    },
  },
  {
    name: 'manage-halls',
    screen: 'tablet',
    who: 'manager',
    path: '/theatre/manage/',
    async ready(page) {
      await page.getByRole('radio', { name: 'Halls and seats' }).check()
      await page.locator('.hall summary').first().click()
      await page.getByRole('button', { name: 'Seat B3' }).click()
      await page.locator('[data-action=renew]').waitFor()
    },
  },
  {
    name: 'manage-renew',
    screen: 'phone',
    who: 'manager',
    path: '/theatre/manage/',
    async ready(page) {
      await page.getByRole('radio', { name: 'Halls and seats' }).check()
      await page.locator('.hall summary').first().click()
      await page.getByRole('button', { name: 'Seat B3' }).click()
      await page.locator('[data-action=renew]').click()
      await page.locator('[data-action=confirm]:not([data-settling=true])').waitFor()
    },
  },
  {
    name: 'manage-staff',
    screen: 'tablet',
    who: 'manager',
    path: '/theatre/manage/',
    async ready(page) {
      await page.getByRole('radio', { name: 'Staff' }).check()
      await page.locator('[data-user-id]').first().waitFor()
    },
  },
  {
    name: 'receipt',
    screen: 'phone',
    who: 'demo-c7',
    path: '/orders/{order}/receipt',
    ready: (page) => page.locator('.tax-bill').waitFor(),
  },
  {
    name: 'payments',
    screen: 'tablet',
    who: 'manager',
    path: '/theatre/today/',
    ready: (page) => page.locator('.issue').first().waitFor(),
  },
  {
    name: 'payments-refund',
    screen: 'tablet',
    who: 'manager',
    path: '/theatre/today/',
    async ready(page) {
      await page.locator('[data-action=refund]').first().click()
      await page.locator('input[name=amount]:enabled').waitFor()
    },
  },
  { name: 'seat', screen: 'phone', who: 'nobody', path: '/s/demo-c8', ready: fillCart },
  {
    name: 'seat-options',
    screen: 'phone',
    who: 'nobody',
    path: '/s/demo-c8',
    async ready(page) {
      await page.getByRole('button', { name: 'Add one Milkshake' }).click()
      await page.getByRole('radio', { name: 'Mango' }).check()
      await page.locator('[data-action=add-chosen]').waitFor()
    },
  },
  { name: 'seat-review', screen: 'phone', who: 'nobody', path: '/s/demo-c8', ready: toReview },
  {
    name: 'checkout',
    screen: 'phone',
    who: 'demo-e2',
    path: '/orders/{order}',
    async ready(page) {
      await page.locator('[data-action=pay]').click()
      await page.locator('.checkout').waitFor()
    },
  },
  { name: 'order-pending', screen: 'phone', who: 'demo-e2', path: '/orders/{order}', ready: live },
  {
    name: 'order-confirming',
    screen: 'phone',
    who: 'demo-e2',
    path: '/orders/{order}',
    ready: reportPayment,
  },
  {
    name: 'order-cash-instead',
    screen: 'phone',
    who: 'b-a6',
    path: '/orders/{order}',
    async ready(page) {
      await live(page)
      await page.locator('[data-action=cash-instead]').click()
      await page.locator('[data-action=confirm-cash]').waitFor()
    },
  },
  { name: 'order-refund-due', screen: 'phone', who: 'demo-e7', path: '/orders/{order}', ready: live },
  { name: 'order-failed', screen: 'phone', who: 'b-a6', path: '/orders/{order}', ready: live },
  { name: 'order-confirmed', screen: 'phone', who: 'b-f2', path: '/orders/{order}', ready: live },
  { name: 'order', screen: 'phone', who: 'demo-c7', path: '/orders/{order}', full: true, ready: live },
  {
    name: 'seat-again',
    screen: 'phone',
    who: 'demo-c7',
    path: '/s/demo-c7',
    ready: (page) => page.locator('.running a').first().waitFor(),
  },
  { name: 'seat-price-changed', screen: 'phone', who: 'nobody', path: '/s/demo-c8', ready: changePrice },
  {
    name: 'live-orders-cancel',
    screen: 'tablet',
    who: 'staff',
    path: LIVE_ORDERS,
    // last, since the cancellation is a real one
    async ready(page) {
      await live(page)
      await page.locator('.ticket [data-action=cancel]').nth(3).click()
      await page.locator('[data-undo] [data-action=undo]').waitFor()
    },
  },
  // last, for the same reason
  { name: 'seat-sold-out', screen: 'phone', who: 'nobody', path: '/s/demo-c8', ready: sellOut },
  { name: 'seat-earlier', screen: 'phone', who: 'nobody', path: '/s/demo-c8', ready: loseAnswer },
]
