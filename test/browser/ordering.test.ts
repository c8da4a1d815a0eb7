import type { BrowserContext, Page } from 'playwright-core'
import t from 'tap'
import { PHONE, startSite } from './site.js'

// The sum on the button is the sum that is charged, and an order whose answer was lost is not made twice.

const site = await startSite(t)
const head = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor()
const add = (page: Page, name: string) => page.getByRole('button', { name: `Add one ${name}` }).click()
const placed = (seat: string) =>
  site.db.order.findMany({ where: { seat: { token: seat } }, orderBy: { id: 'asc' } })

async function review(page: Page, method = 'Cash at your seat'): Promise<void> {
  await page.getByRole('button', { name: /^Review/ }).click()
  await page.getByLabel(method).check()
}

/** Orders reach the service, but their answers don't reach the page, until the returned function is called. */
async function loseAnswers(context: BrowserContext): Promise<() => Promise<void>> {
  const orders = '**/api/seats/*/orders'
  await context.route(orders, async (route) => {
    // the page may have moved on
    await route.fetch().catch(() => {})
    await route.abort().catch(() => {})
  })
  return () => context.unroute(orders)
}

t.test('a price that has changed: the new sum is shown, and nothing is ordered before it was', async (t) => {
  const { context, open } = await site.visitor(PHONE)
  // the page learns of the change by the refusal
  await context.route('**/changes', (route) => route.abort())
  const page = await open('/s/demo-a1')
  await add(page, 'Salted Popcorn')
  await add(page, 'Masala Chai')
  await review(page)
  await page.getByRole('button', { name: 'Place order for ₹260' }).waitFor()
  await site.db.menuItem.updateMany({ where: { theatreId: 1, name: 'Masala Chai' }, data: { price: 9550 } })
  await page.getByRole('button', { name: 'Place order for ₹260' }).click()
  await page
    .getByRole('alert')
    .filter({ hasText: 'The total has changed from ₹260 to ₹275.50. Nothing has been ordered yet.' })
    .waitFor()
  t.strictSame(await placed('demo-a1'), [])
  const button = page.getByRole('button', { name: 'Place order for ₹275.50' })
  await page.locator('.review-lines').getByText('₹95.50').waitFor()
  await button.click()
  await head(page, 'We have your order')
  t.strictSame(
    (await placed('demo-a1')).map(({ total }) => total),
    [27_550],
  )
})

t.test('an order whose answer was lost is not made twice, also after a reload', async (t) => {
  const { context, open } = await site.visitor(PHONE)
  const page = await open('/s/demo-a2')
  await add(page, 'Salted Popcorn')
  await review(page)
  const restore = await loseAnswers(context)
  await page.getByRole('button', { name: 'Place order for ₹180' }).click()
  await page.getByRole('alert').filter({ hasText: 'It’s safe to try again' }).waitFor()
  await restore()
  t.equal((await placed('demo-a2')).length, 1)
  await page.reload()
  await review(page)
  await page.getByRole('button', { name: 'Place order for ₹180' }).click()
  await head(page, 'We have your order')
  const [order, ...more] = await placed('demo-a2')
  t.strictSame(more, [])
  t.equal(await page.locator('main').getAttribute('data-order-id'), String(order?.id))
})

t.test('with a changed cart the page shows the order that was made first', async (t) => {
  const { context, open } = await site.visitor(PHONE)
  const page = await open('/s/demo-a3')
  await add(page, 'Salted Popcorn')
  await review(page)
  const restore = await loseAnswers(context)
  await page.getByRole('button', { name: 'Place order for ₹180' }).click()
  await page.getByRole('alert').filter({ hasText: 'It’s safe to try again' }).waitFor()
  await restore()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove one Salted Popcorn' }).click()
  await page.locator('dialog').waitFor({ state: 'detached' })
  await page.reload()
  await add(page, 'Cheese Nachos')
  await review(page)
  await page.getByRole('button', { name: 'Place order for ₹240' }).click()

  const earlier = page.getByRole('region', { name: 'You’ve already placed an order' })
  await earlier.getByText('Salted Popcorn').waitFor()
  await earlier.getByText('₹180').waitFor()
  await page.locator('h3:focus', { hasText: 'You’ve already placed an order' }).waitFor()
  t.equal((await placed('demo-a3')).length, 1, 'nothing else was ordered')

  await earlier.getByRole('button', { name: 'Order what’s in my cart too' }).click()
  await page.getByRole('button', { name: 'Place order for ₹240' }).click()
  await head(page, 'We have your order')
  t.strictSame(
    (await placed('demo-a3')).map(({ total }) => total),
    [18_000, 24_000],
  )
})

t.test(
  'the order that was made first can be opened; the cart then orders something of its own',
  async (t) => {
    const { context, open } = await site.visitor(PHONE)
    const page = await open('/s/demo-a4')
    await add(page, 'Salted Popcorn')
    await review(page)
    const restore = await loseAnswers(context)
    await page.getByRole('button', { name: 'Place order for ₹180' }).click()
    await page.getByRole('alert').filter({ hasText: 'It’s safe to try again' }).waitFor()
    await restore()
    await page.getByRole('dialog').getByRole('button', { name: 'Add one Salted Popcorn' }).click()
    await page.getByRole('button', { name: 'Place order for ₹360' }).click()
    await page.getByRole('link', { name: 'View this order' }).click()
    await head(page, 'We have your order')
    const [first] = await placed('demo-a4')
    t.equal(await page.locator('main').getAttribute('data-order-id'), String(first?.id))
    await page.getByRole('link', { name: 'Order more' }).click()
    await review(page)
    await page.getByRole('button', { name: 'Place order for ₹360' }).click()
    await head(page, 'We have your order')
    t.strictSame(
      (await placed('demo-a4')).map(({ total }) => total),
      [18_000, 36_000],
    )
  },
)

t.test('no page broke anything on the way', async (t) => {
  t.strictSame(site.pageErrors, [])
})
