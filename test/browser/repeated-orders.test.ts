import type { BrowserContext, Page } from 'playwright-core'
import t from 'tap'
import { untilSame } from '../helpers/until.js'
import { PHONE, startSite } from './site.js'
import { type Held, openSlowProxy } from './slow-proxy.js'

// One order of a customer is one order, whatever becomes of its answer, and no page forgets it.

const site = await startSite(t)
const proxy = await openSlowProxy(t, site.port)
const ORDER = /^POST \/api\/seats\/.*\/orders$/
const PAYMENT = /^POST \/api\/orders\/\d+\/payment$/

const head = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor()
const add = (page: Page, name = 'Salted Popcorn') =>
  page.getByRole('button', { name: `Add one ${name}` }).click()
const button = (page: Page) => page.locator('[data-action=place-order]')
const dialog = (page: Page) => page.getByRole('dialog')
// by key, which the guard against stray touches lets pass at once: an answer that is held must not be given up meanwhile
const close = (page: Page) => dialog(page).getByRole('button', { name: 'Close' }).press('Enter')
const running = (page: Page) => page.getByRole('region', { name: 'Your orders' }).getByRole('link')
const earlier = (page: Page) => page.getByRole('region', { name: 'You’ve already placed an order' })
const inCart = (page: Page, count: number) => page.locator(`.cart-bar[data-cart-count="${count}"]`).waitFor()
const shownOrder = async (page: Page) => Number(await page.locator('main').getAttribute('data-order-id'))

const totals = async (seat: string): Promise<number[]> => {
  const placed = await site.db.order.findMany({ where: { seat: { token: seat } }, orderBy: { id: 'asc' } })
  return placed.map(({ total }) => total)
}
const guests = () => site.db.user.count({ where: { role: 'customer' } })

interface Customer {
  context: BrowserContext
  page: Page
  tab(): Promise<Page>
}

async function customerAt(seat: string): Promise<Customer> {
  const { context, open } = await site.visitor({ ...PHONE, baseURL: proxy.url })
  const tab = () => open(`/s/${seat}`)
  return { context, page: await tab(), tab }
}

async function review(page: Page, method: 'Pay online now' | 'Cash at your seat'): Promise<void> {
  await page.locator('[data-action=review]').click()
  await page.getByLabel(method).check()
}

/** Orders, and resolves when the page has given up: all answers are lost. */
async function loseAnswers(page: Page): Promise<void> {
  const restore = proxy.loseAnswers(ORDER)
  await button(page).click()
  await page.getByRole('alert').filter({ hasText: 'It’s safe to try again' }).waitFor()
  restore()
}

/** Orders, and resolves to the answer that is under way. */
async function delayAnswer(page: Page, what = ORDER): Promise<Held> {
  const answer = proxy.hold(what)
  await button(page).click()
  await answer.arrived()
  return answer
}

t.test('a payment that opens slowly: the dialog shows the order meanwhile', async (t) => {
  const { page } = await customerAt('demo-a1')
  await add(page)
  await review(page, 'Pay online now')
  const answer = await delayAnswer(page, PAYMENT)
  const made = dialog(page).getByRole('region', { name: /^Order \d+ placed$/ })
  await made.getByText('Salted Popcorn').waitFor()
  await made.getByRole('status').filter({ hasText: 'Opening payment…' }).waitFor()
  await inCart(page, 0)
  t.equal(await button(page).count(), 0, 'nothing to order a second time')
  answer.release()
  await page.locator('.checkout[data-checkout=payable]').waitFor()
  t.strictSame(await totals('demo-a1'), [18_000])
})

t.test('closed while the payment opens: the page stays, and shows the order', async (t) => {
  const { page } = await customerAt('demo-a2')
  await add(page)
  await review(page, 'Pay online now')
  const answer = await delayAnswer(page, PAYMENT)
  await close(page)
  await running(page).filter({ hasText: 'Pay' }).waitFor()
  await page.getByRole('link', { name: 'View this order' }).waitFor()
  const opened = page.waitForResponse((response) => PAYMENT.test(`POST ${new URL(response.url()).pathname}`))
  answer.release()
  await opened
  await add(page, 'Masala Chai')
  await page.locator('[data-action=review]').click()
  await page.getByRole('button', { name: 'Order and pay ₹80' }).waitFor()
  await close(page)
  await page.getByRole('button', { name: 'Remove one Masala Chai' }).click()
  t.equal(new URL(page.url()).pathname, '/s/demo-a2', 'it does not leave by itself')
  await page.getByRole('link', { name: 'View this order' }).click()
  await head(page, 'Complete your payment')
  t.strictSame(await totals('demo-a2'), [18_000])
})

t.test('lost payment answers: the order’s page offers to pay', async (t) => {
  const { page } = await customerAt('demo-a3')
  await add(page)
  await review(page, 'Pay online now')
  const restore = proxy.loseAnswers(PAYMENT)
  await button(page).click()
  await head(page, 'Complete your payment')
  restore()
  await page.locator('[data-action=pay]').click()
  await page.locator('.checkout[data-checkout=payable]').waitFor()
  t.strictSame(await totals('demo-a3'), [18_000])
  t.equal(await site.db.payment.count({ where: { order: { seat: { token: 'demo-a3' } } } }), 1)
})

t.test('closed while the order is under way: what is added meanwhile stays in the cart', async (t) => {
  const { page } = await customerAt('demo-a4')
  await add(page)
  await review(page, 'Cash at your seat')
  const answer = await delayAnswer(page)
  await close(page)
  await page.getByRole('status').filter({ hasText: 'Placing your order…' }).waitFor()
  await add(page, 'Masala Chai')
  await page.locator('[data-action=review]').press('Enter')
  t.equal(await button(page).isDisabled(), true, 'the order that is under way is not sent again')
  await close(page)
  answer.release()
  await inCart(page, 1)
  await running(page).filter({ hasText: 'Track' }).waitFor()
  t.strictSame(await totals('demo-a4'), [18_000])
  await review(page, 'Cash at your seat')
  await page.getByRole('button', { name: 'Place order for ₹80' }).click()
  await head(page, 'We have your order')
  t.strictSame(await totals('demo-a4'), [18_000, 8_000])
})

t.test('two taps are one order and one guest', async (t) => {
  const before = await guests()
  const { page } = await customerAt('demo-a5')
  await add(page)
  await review(page, 'Cash at your seat')
  await page.evaluate(`for (const tap of [1, 2]) document.querySelector('[data-action=place-order]').click()`)
  await head(page, 'We have your order')
  t.strictSame(await totals('demo-a5'), [18_000])
  t.equal(await guests(), before + 1)
})

t.test('two tabs share one cart: what one has ordered is in no other', async (t) => {
  const { page, tab } = await customerAt('demo-b1')
  const second = await tab()
  await add(page)
  await inCart(second, 1)
  await review(second, 'Cash at your seat')
  await review(page, 'Cash at your seat')
  await button(page).click()
  await head(page, 'We have your order')
  await dialog(second).waitFor({ state: 'detached' })
  await inCart(second, 0)
  await second.bringToFront()
  await running(second).filter({ hasText: 'Track' }).waitFor()
  t.strictSame(await totals('demo-b1'), [18_000])
})

t.test('two tabs order at once: one order, one guest, and both show it', async (t) => {
  const before = await guests()
  const { page, tab } = await customerAt('demo-b2')
  const second = await tab()
  await add(page)
  await inCart(second, 1)
  await review(page, 'Cash at your seat')
  await review(second, 'Cash at your seat')
  const guest = proxy.hold(/^POST \/api\/auth\/guest/)
  await button(page).click()
  await guest.arrived()
  await button(second).click()
  const [order, same] = [proxy.hold(ORDER), proxy.hold(ORDER)]
  guest.release()
  await Promise.all([order.arrived(), same.arrived()])
  await page.bringToFront()
  order.release()
  await head(page, 'We have your order')
  // the other tab’s answer comes when the order’s page is open already
  same.release()
  await head(second, 'We have your order')
  t.equal(await shownOrder(second), await shownOrder(page))
  t.strictSame(await totals('demo-b2'), [18_000])
  t.equal(await guests(), before + 1)
})

t.test('a reload while the order is on its way', async (t) => {
  const { page } = await customerAt('demo-b3')
  await add(page)
  await review(page, 'Cash at your seat')
  const request = proxy.hold(ORDER, 'request')
  await button(page).click()
  await request.arrived()
  await page.reload()
  await review(page, 'Cash at your seat')
  await page.getByText('Your order may already have reached us.').waitFor()
  await button(page).click()
  await head(page, 'We have your order')
  request.release()
  await request.ended()
  t.strictSame(await totals('demo-b3'), [18_000])
})

t.test('Back from the payment: the cart is empty, and the order is there', async (t) => {
  const { page } = await customerAt('demo-b4')
  await add(page)
  await review(page, 'Pay online now')
  await button(page).click()
  await page.locator('.checkout[data-checkout=payable]').waitFor()
  await page.goBack()
  await inCart(page, 0)
  await running(page).filter({ hasText: 'Pay' }).click()
  await head(page, 'Complete your payment')
  t.strictSame(await totals('demo-b4'), [18_000])
})

t.test('a lost answer, then another way of paying: the order that was made is shown first', async (t) => {
  const { page } = await customerAt('demo-b5')
  await add(page)
  await review(page, 'Pay online now')
  await loseAnswers(page)
  await page.getByLabel('Cash at your seat').check()
  await button(page).click()
  await earlier(page).getByText('Waiting for payment').waitFor()
  t.strictSame(await totals('demo-b5'), [18_000])
  await earlier(page).getByRole('link', { name: 'View this order' }).click()
  await page.getByRole('button', { name: 'Pay in cash instead' }).click()
  await page.getByRole('button', { name: 'Yes, pay in cash' }).click()
  await head(page, 'We have your order')
  t.strictSame(await totals('demo-b5'), [18_000])
})

t.test('a lost answer, sent again from another tab: the first tab keeps no cart', async (t) => {
  const { page, tab } = await customerAt('demo-c1')
  await add(page)
  await review(page, 'Cash at your seat')
  await loseAnswers(page)
  await running(page).filter({ hasText: 'Track' }).waitFor()
  const second = await tab()
  await review(second, 'Cash at your seat')
  await button(second).click()
  await head(second, 'We have your order')
  await page.bringToFront()
  await dialog(page).waitFor({ state: 'detached' })
  await inCart(page, 0)
  t.strictSame(await totals('demo-c1'), [18_000])
})

t.test('a forgotten tab that orders what was ordered since is shown that order', async (t) => {
  const { context, page, tab } = await customerAt('demo-c2')
  await add(page)
  await review(page, 'Cash at your seat')
  // frozen: no event reaches it
  const deaf = `for (const name of ['storage', 'visibilitychange', 'focus', 'pageshow'])
    addEventListener(name, (event) => event.stopImmediatePropagation(), true)`
  await context.addInitScript(deaf)
  await page.reload()
  await review(page, 'Cash at your seat')
  const second = await tab()
  await review(second, 'Cash at your seat')
  await button(second).click()
  await head(second, 'We have your order')
  await page.bringToFront()
  await button(page).click()
  await earlier(page).waitFor()
  t.equal(await earlier(page).locator('[data-action=another]').count(), 0, 'its cart was ordered')
  t.strictSame(await totals('demo-c2'), [18_000])
})

t.test(
  'the same again, after the lost answer’s order was found: another order only on request',
  async (t) => {
    const { page } = await customerAt('demo-c3')
    await add(page)
    await review(page, 'Cash at your seat')
    await loseAnswers(page)
    await close(page)
    await running(page).filter({ hasText: 'Track' }).click()
    await head(page, 'We have your order')
    await page.goBack()
    await review(page, 'Cash at your seat')
    await button(page).click()
    await earlier(page).waitFor()
    t.strictSame(await totals('demo-c3'), [18_000])
    await earlier(page).getByRole('button', { name: 'Order what’s in my cart too' }).click()
    await button(page).click()
    await head(page, 'We have your order')
    await untilSame(t, 'both orders', () => totals('demo-c3'), [18_000, 18_000])
  },
)

t.test('no page broke anything on the way', async (t) => {
  t.strictSame(site.pageErrors, [])
})
