import type { Page } from 'playwright-core'
import t from 'tap'
import { orderFrom } from '../helpers/customers.js'
import { signIn } from '../helpers/sign-in.js'
import { until } from '../helpers/until.js'
import { openBackgroundTab } from './background-tab.js'
import { openNetwork } from './network.js'
import { linkIs, PHONE, startSite, TABLET } from './site.js'

// A page never lies about being current: offline, after sleep, and with a device's clock that is wrong or changes.

const site = await startSite(t, {}, { worker: true, withWindows: true })
const network = await openNetwork(t, site.port)
const through = { baseURL: network.url }
t.beforeEach(() => network.restore())
const BOARD = '/theatre/live-orders/'
const TEN_MINUTES = 600_000
const seats = async (page: Page) => await page.locator('.ticket .stub-name').allTextContents()
const age = async (page: Page) => (await page.locator('.ticket [role=timer]').first().textContent()) ?? ''

/** Opens a page in a browser whose clock is off; `clockShift` in the page is by how many milliseconds. */
async function withClock(page: Page, shift: number): Promise<void> {
  await page.addInitScript(`
    const now = Date.now
    globalThis.clockShift = ${shift}
    globalThis.Date = class extends Date {
      constructor(...args) {
        args.length === 0 ? super(now() + clockShift) : super(...args)
      }
      static now() { return now() + clockShift }
    }`)
}

/** Stops a page's clock and timers until the test moves or resumes them. */
async function stopClock(page: Page): Promise<void> {
  const now: number = await page.evaluate('Date.now()')
  // Some time ahead, as it can't be set back; not so far that it looks like sleep.
  await page.clock.pauseAt(now + 3000)
}

await orderFrom(site.url, 'demo-a1', { 'Salted Popcorn': 1 })

for (const [locale, text] of [
  ['en-IN', 'Not up to date: last updated at'],
  ['hi-IN', 'ताज़ा नहीं'],
] as const) {
  t.test(`${locale}: offline is shown at once, and online again the page is live by itself`, async (t) => {
    const staff = await site.staff({ ...TABLET, locale })
    const board = await staff.open(BOARD)
    await linkIs(board)
    await board.evaluate('window.never = "reloaded"')
    await staff.context.setOffline(true)
    t.equal(await board.locator('[data-link-state]').getAttribute('data-link-state'), 'stale')
    await board.getByRole('alert').filter({ hasText: text }).waitFor()
    const { orderId } = await orderFrom(site.url, 'demo-a2', { 'Salted Popcorn': 1 })
    t.notOk((await seats(board)).includes('A2'))
    await staff.context.setOffline(false)
    await linkIs(board)
    await board.locator('.ticket', { hasText: 'A2' }).waitFor()
    await board.locator('[data-banner]').waitFor({ state: 'detached' })
    t.equal(await board.evaluate('window.never'), 'reloaded')
    await (await signIn(site.url, 'staff')).post(`/api/orders/${orderId}/deliver`)
    await board.close()
  })
}

t.test(
  'a network that is “offline” while the service still answers makes no page stale for long',
  async () => {
    const staff = await site.staff(TABLET)
    const board = await staff.open(BOARD)
    await linkIs(board)
    await board.evaluate('dispatchEvent(new Event("offline"))')
    await linkIs(board)
  },
)

t.test('the customer’s page says that it is offline, too', async () => {
  const guest = await site.visitor(PHONE)
  const phone = await guest.open('/s/demo-b1')
  await phone.getByRole('button', { name: 'Add one Masala Chai' }).click()
  await phone.getByRole('button', { name: /^Review/ }).click()
  await phone.getByLabel('Cash at your seat').check()
  await phone.getByRole('button', { name: 'Place order for ₹80' }).click()
  await phone.getByRole('heading', { name: 'We have your order' }).waitFor()
  await linkIs(phone)
  await guest.context.setOffline(true)
  await linkIs(phone, 'stale')
  await guest.context.setOffline(false)
  await linkIs(phone)
})

t.test('after a call without an answer the link has three seconds to prove itself', async (t) => {
  const staff = await site.staff({ ...TABLET, ...through })
  const board = await staff.context.newPage()
  const pings: string[] = []
  board.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      if (String(payload).includes('"ping"') && /all-seat/.test(socket.url())) pings.push(socket.url())
    })
  })
  await board.clock.install()
  await board.goto(BOARD)
  await linkIs(board)
  await stopClock(board)
  await staff.context.route('**/api/orders/*/seen', (route) => route.abort())
  pings.length = 0
  network.silence()
  network.refuse()
  await board.locator('[data-action=seen]').first().click()
  await until(() => pings.length === 1, 'a ping')
  await board.clock.runFor(4000)
  await linkIs(board, 'stale')
  await board.locator('[data-banner=stale]').waitFor()
  network.restore()
  await board.clock.resume()
  await linkIs(board)
  t.ok((await seats(board)).includes('A1'))
  await board.close()
})

t.test('a tab that was frozen is current again when it is shown', async (t) => {
  const staff = await site.staff({ ...TABLET, ...through })
  const tab = await openBackgroundTab(site.browser, staff.context, `${network.url}${BOARD}`)
  const linkState = () => tab.evaluate(`document.querySelector('[data-link-state]')?.dataset.linkState`)
  await until(async () => (await linkState()) === 'live', 'a live link')
  await tab.evaluate(`
    window.log = []
    document.addEventListener('freeze', () => log.push('frozen'))
    document.addEventListener('visibilitychange', () => {
      const { linkState } = document.querySelector('[data-link-state]').dataset
      log.push(document.visibilityState + ' ' + linkState)
    })`)
  await tab.freeze()
  network.silence()
  const { orderId } = await orderFrom(site.url, 'demo-c1', { 'Samosa Chaat': 1 })
  await tab.show()
  await until(() => tab.evaluate(`!!document.querySelector('[data-order-id="${orderId}"]')`), 'the order')
  await until(async () => (await linkState()) === 'live', 'a live link')
  t.same(await tab.evaluate('log'), ['hidden live', 'frozen', 'visible stale'])
})

t.test('a device that slept through everything is current again when it wakes', async () => {
  const staff = await site.staff({ ...TABLET, ...through })
  const board = await staff.context.newPage()
  await board.clock.install()
  await board.goto(BOARD)
  await linkIs(board)
  await stopClock(board)
  network.silence()
  await orderFrom(site.url, 'demo-c2', { 'Samosa Chaat': 1 })
  await board.clock.fastForward(15_000)
  // It reconnects at that moment: nothing else happens, as the clock stands again.
  await board.locator('.ticket', { hasText: 'C2' }).waitFor()
  await linkIs(board)
  await board.close()
})

for (const shift of [TEN_MINUTES, -TEN_MINUTES]) {
  const name = shift > 0 ? 'ahead' : 'behind'
  t.test(`a device’s clock ten minutes ${name} ages no ticket, nor does putting it right`, async (t) => {
    const staff = await site.staff({ ...TABLET, ...through })
    const board = await staff.context.newPage()
    await withClock(board, shift)
    await board.goto(BOARD)
    await linkIs(board)
    const minutes = async () => Number.parseInt(await age(board), 10)
    const rightAge = async () => {
      const [row] = await site.db.$queryRaw<{ minutes: number }[]>`
        SELECT floor(extract(epoch FROM now() - min(confirmed_at)) / 60)::int AS minutes FROM orders
        WHERE status IN ('confirmed', 'seen')`
      return row?.minutes
    }
    // A minute may end between the two readings.
    await until(async () => (await minutes()) === (await rightAge()), 'the right age')
    await board.evaluate('clockShift = 0')
    const before = await age(board)
    await until(async () => (await age(board)) !== before, 'the next second')
    await until(async () => (await minutes()) === (await rightAge()), 'the right age')
    t.equal(await board.locator('.ticket[data-urgency=late]').count(), 0)

    await board.evaluate(`clockShift = ${-2 * TEN_MINUTES}`)
    network.cut()
    await linkIs(board, 'stale')
    await board.locator('[data-banner=stale]').waitFor()
    network.restore()
    await linkIs(board)
    await board.close()
  })
}

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
