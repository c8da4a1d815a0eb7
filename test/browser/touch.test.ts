import type { Locator, Page } from 'playwright-core'
import t from 'tap'
import { orderFrom, postOrder } from '../helpers/customers.js'
import { createClient } from '../helpers/http-client.js'
import { signIn } from '../helpers/sign-in.js'
import { until, untilSame } from '../helpers/until.js'
import { linkIs, PHONE, startSite, TABLET } from './site.js'

// The board forgives: a second tap hits nothing, tickets stay where they are, and a step can be taken back.

const site = await startSite(t)
const staff = await site.staff(TABLET)
const other = await signIn(site.url, 'staff')

const ticketOf = (page: Page, id: number) => page.locator(`.ticket[data-order-id="${id}"]`)
const statusOf = async (id: number) =>
  (await site.db.order.findUniqueOrThrow({ where: { id }, select: { status: true } })).status
const place = async (seat: string) => (await orderFrom(site.url, seat, { 'Masala Chai': 1 }, 'cash')).orderId

async function openBoard(): Promise<Page> {
  const page = await staff.open('/theatre/live-orders/')
  await linkIs(page)
  return page
}

/** Where an element is on the page, however far that is scrolled. */
const placeOnPage = (element: Locator) =>
  element.evaluate((node) => {
    const { left, top, width, height } = node.getBoundingClientRect()
    return [left, top + node.ownerDocument.documentElement.scrollTop, width, height].map(Math.round)
  })

/** The middle of a button of the ticket, once the button takes touches. */
async function pointOf(page: Page, id: number, action: string) {
  const button = ticketOf(page, id).locator(`[data-action=${action}]`)
  await button.click({ trial: true })
  return await middleOf(button)
}

async function middleOf(button: Locator) {
  const box = await button.boundingBox()
  if (!box) throw new Error(`${button} is not shown`)
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}

/**
 * Two taps at the same point, about that many ms apart. Resolves once the page has handled both, to whether they were a double
 * tap: a busy machine may be late with the second.
 */
async function doubleTap(page: Page, { x, y }: { x: number; y: number }, apart: number): Promise<boolean> {
  const taps = await page.evaluateHandle<number[]>(
    // not clicks: a button that goes under the finger gets none
    `(() => {
      const taps = []
      for (const name of ['pointerup', 'pointercancel'])
        addEventListener(name, ({ timeStamp }) => taps.push(timeStamp), true)
      return taps
    })()`,
  )
  await page.touchscreen.tap(x, y)
  await page.waitForTimeout(apart)
  await page.touchscreen.tap(x, y)
  await until(async () => (await taps.evaluate((each) => each.length)) === 2, 'both taps to be handled')
  const [first = 0, second = 0] = await taps.jsonValue()
  return second - first < 900
}

const APART = [150, 300, 450, 600, 800]

t.test('a double tap on Seen does not deliver', async (t) => {
  const page = await openBoard()
  let tried = 0
  for (const [at, apart] of APART.entries()) {
    const id = await place(`demo-a${at + 1}`)
    const isDouble = await doubleTap(page, await pointOf(page, id, 'seen'), apart)
    if (!isDouble) continue
    tried += 1
    await until(async () => (await statusOf(id)) === 'seen', 'the order to be seen')
    await ticketOf(page, id).locator('[data-action=deliver]').click({ trial: true })
    t.equal(await statusOf(id), 'seen', `${apart} ms apart`)
  }
  t.ok(tried > 0, 'the machine was in time with some')
  await page.close()
})

t.test('a double tap on Delivered does not deliver the next order', async (t) => {
  const page = await openBoard()
  let tried = 0
  for (const apart of APART) {
    const [first, next] = (await site.db.order.findMany({
      where: { status: { in: ['confirmed', 'seen'] } },
      orderBy: { confirmedAt: 'asc' },
      select: { id: true, status: true },
      take: 2,
    })) as [{ id: number; status: string }, { id: number; status: string }]
    const isDouble = await doubleTap(page, await pointOf(page, first.id, 'deliver'), apart)
    if (!isDouble) continue
    tried += 1
    await until(async () => (await statusOf(first.id)) === 'delivered', 'the order to be delivered')
    await page.locator(`[data-undo="${first.id}"] button`).click({ trial: true })
    t.same(
      [await statusOf(first.id), await statusOf(next.id)],
      ['delivered', next.status],
      `${apart} ms apart`,
    )
    if (apart !== APART.at(-1)) await place('demo-b1')
  }
  t.ok(tried > 0, 'the machine was in time with some')
  await page.close()
})

t.test('tickets keep their places while a finger is near, and close up later', async (t) => {
  const page = await openBoard()
  const [first, second, third] = [await place('demo-c1'), await place('demo-c2'), await place('demo-c3')]
  const boxOf = (id: number) => placeOnPage(ticketOf(page, id))
  await ticketOf(page, third).hover()
  const before = [await boxOf(second), await boxOf(third)]
  await other.post(`/api/orders/${first}/deliver`)
  await page.locator(`[data-gap="${first}"]`).waitFor({ state: 'attached' })
  t.same([await boxOf(second), await boxOf(third)], before, 'nothing moved')
  await page.mouse.move(5, 5)
  await page.locator(`[data-gap="${first}"]`).waitFor({ state: 'detached' })
  t.not((await boxOf(third))[0], before[1]?.[0], 'closed up')
  await page.close()
})

t.test('Delivered and Cancel leave an Undo in the ticket’s place', async (t) => {
  const page = await openBoard()
  const second = await openBoard()
  const id = await place('demo-d1')
  const later = await place('demo-d2')
  for (const action of ['deliver', 'cancel']) {
    const box = await placeOnPage(ticketOf(page, id))
    const neighbour = await placeOnPage(ticketOf(page, later))
    await ticketOf(page, id).locator(`[data-action=${action}]`).click()
    const undo = page.getByRole('button', { name: 'Undo for seat D1' })
    await undo.waitFor()
    t.same(await placeOnPage(page.locator(`[data-undo="${id}"]`)), box, 'in the place of the ticket')
    t.same(await placeOnPage(ticketOf(page, later)), neighbour, 'and the next one did not move')
    await ticketOf(second, id).waitFor({ state: 'detached' })
    await page
      .locator('[data-announce=polite]', { hasText: 'Press Z to undo' })
      .waitFor({ state: 'attached' })
    await undo.click()
    await ticketOf(page, id).waitFor()
    await ticketOf(second, id).waitFor()
    t.equal(await statusOf(id), 'confirmed')
  }
  await second.close()
  await page.close()
})

t.test('the list of those that ended brings an order back on every screen', async (t) => {
  const page = await openBoard()
  const second = await openBoard()
  const id = await place('demo-d3')
  await ticketOf(page, id).waitFor()
  await other.post(`/api/orders/${id}/cancel`)
  await second.locator('.ended summary').click()
  await second.getByRole('button', { name: 'Bring back the order for seat D3' }).click()
  await ticketOf(page, id).waitFor()
  await ticketOf(second, id).waitFor()
  t.equal(await statusOf(id), 'confirmed')
  await page
    .locator('[data-announce=polite]', { hasText: 'Order for seat D3 is back' })
    .waitFor({ state: 'attached' })
  await second.close()
  await page.close()
})

t.test('an undo that is refused says why', async () => {
  const page = await openBoard()
  await page.locator('.ended summary').click()
  async function refused(seat: string, why: string): Promise<void> {
    await page.getByRole('button', { name: `Bring back the order for seat ${seat}` }).click()
    const alert = page.getByRole('alert')
    await alert.getByText(why).waitFor()
    await alert.getByRole('button', { name: 'Close' }).click()
    await alert.waitFor({ state: 'detached' })
  }
  const late = await place('demo-d4')
  await other.post(`/api/orders/${late}/deliver`)
  await page.locator(`.ended [data-order-id="${late}"]`).waitFor()
  await site.db
    .$executeRaw`UPDATE orders SET delivered_at = delivered_at - interval '11 minutes' WHERE id = ${late}::int`
  await refused('D4', 'This was more than 10 minutes ago')
  const { orderId: refunded } = await orderFrom(site.url, 'demo-d5', { 'Masala Chai': 1 })
  await other.post(`/api/orders/${refunded}/cancel`)
  const manager = await signIn(site.url, 'manager')
  await manager.post(`/api/orders/${refunded}/refund`, undefined, {
    headers: { 'idempotency-key': 'refund' },
  })
  await page.locator(`.ended [data-order-id="${refunded}"]`).getByText('refunded').waitFor()
  await refused('D5', 'Money for this order is already going back')
  await page.close()
})

t.test('what is owed stays on the board, however many orders end later', async (t) => {
  const owed = await place('demo-e1')
  await other.post(`/api/orders/${owed}/deliver`)
  await site.db.$executeRaw`
    INSERT INTO orders (theatre_id, seat_id, customer_id, status, payment_method, payment_status, total,
      confirmed_at, seen_at, delivered_at)
    SELECT o.theatre_id, o.seat_id, o.customer_id, 'delivered', 'online', 'paid', 100,
      o.confirmed_at, o.seen_at, o.delivered_at + n * interval '1 ms'
    FROM orders o, generate_series(1, 60) n WHERE o.id = ${owed}::int`
  await site.db
    .$executeRaw`UPDATE orders SET delivered_at = delivered_at - interval '2 hours' WHERE id = ${owed}::int`
  const page = await openBoard()
  const list = page.getByRole('region', { name: 'Delivered, cash due' })
  await list.locator(`[data-order-id="${owed}"]`).waitFor()
  await untilSame(
    t,
    'all that ended in the last ten minutes are listed',
    async () =>
      Number(/\((\d+)\)/.exec((await page.locator('.ended summary').textContent()) ?? '')?.[1]) >= 60,
    true,
  )
  await list.getByRole('button', { name: 'Cash received from seat E1' }).click()
  await list.locator(`[data-order-id="${owed}"]`).waitFor({ state: 'detached' })
  await page.close()
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})

t.test('a double tap on "Sign out" of a device signs out that one only', async (t) => {
  const visitor = await site.staff({ ...PHONE, username: 'staff2' })
  let tried = 0
  for (const apart of APART) {
    for (let count = 0; count < 3; count += 1) await signIn(site.url, 'staff2')
    const page = await visitor.open('/account')
    const others = page.locator('.device:not([data-current=true])')
    const button = others.first().getByRole('button')
    await button.click({ trial: true })
    const before = await others.count()
    const isDouble = await doubleTap(page, await middleOf(button), apart)
    await until(async () => (await others.count()) < before, 'the device to be signed out')
    if (isDouble) {
      tried += 1
      await others.first().getByRole('button').click({ trial: true })
      t.equal(await others.count(), before - 1, `${apart} ms apart`)
    }
    await page.close()
  }
  t.ok(tried > 0, 'the machine was in time with some')
})

/**
 * A script that notes in the page, as `wasSettling`, once all of these controls are there, whether each ignores touches at first. A
 * test that looks later sees what a busy machine has left: by then each takes one.
 */
const watchSettling = (...actions: string[]) => `
  new MutationObserver((_changes, observer) => {
    const actions = ${JSON.stringify(actions)}
    const controls = actions.map((action) => document.querySelector('[data-action=' + action + ']'))
    if (controls.includes(null)) return
    observer.disconnect()
    queueMicrotask(() => {
      const settling = controls.map((control, i) => [actions[i], control.hasAttribute('data-settling')])
      window.wasSettling = Object.fromEntries(settling)
    })
  }).observe(document, { childList: true, subtree: true })`

t.test('a second of a dish can be added at once; the cart’s button, which appears, waits', async (t) => {
  const visitor = await site.visitor(PHONE)
  const page = await visitor.open('/s/demo-e5')
  await page.evaluate(watchSettling('review', 'more'))
  const pick = page.locator('.pick').first()
  await pick.locator('[data-action=add]').tap()
  await page.waitForFunction(() => 'wasSettling' in window)
  t.strictSame(await page.evaluate('window.wasSettling'), { review: true, more: false })
  await pick.locator('[data-action=more]').tap()
  await page.locator('[data-cart-count="2"]').waitFor()
  await page.locator('[data-action=review]').tap()
  await page.getByRole('dialog').waitFor()
  await page.close()
})

t.test(
  'what stays in its place on the screen keeps taking touches while the page behind it moves',
  async (t) => {
    const page = await (await site.visitor(PHONE)).open('/s/demo-a4')
    await page.getByRole('button', { name: 'Add one Masala Chai' }).click()
    await page.getByRole('button', { name: /^Review/ }).click()
    await page.getByLabel('Cash at your seat').check()
    const button = page.locator('[data-action=place-order]')
    await button.click({ trial: true })
    const { x, y } = await middleOf(button)
    const scrolled = await page.evaluate('scrollY')
    t.not(scrolled, 0)
    await page.mouse.move(x, y)
    await page.mouse.down()
    // as a line does that says that the menu is not current: the browser keeps what is in sight where it is
    await page.evaluate(
      "document.querySelector('[data-current]').after(document.createElement('h2'), 'No connection')",
    )
    await untilSame(t, 'the page to move', async () => (await page.evaluate('scrollY')) !== scrolled, true)
    t.equal(await button.getAttribute('data-settling'), null)
    await page.mouse.up()
    await page.getByRole('heading', { level: 1, name: 'We have your order' }).waitFor()
  },
)

t.test('on a slow network the first controls of a page take a touch as soon as they are there', async (t) => {
  const client = createClient(site.url)
  const { id } = await postOrder(client, { seat: 'demo-e6', paymentMethod: 'online' })
  const { body } = await client.post<{ payment: { checkoutUrl: string } }>(`/api/orders/${id}/payment`)
  const { context } = await site.visitor(PHONE)
  await context.addCookies([...client.cookies].map(([name, value]) => ({ name, value, url: site.url })))
  const page = await context.newPage()
  await page.route('**/api/checkout/*', async (route) => {
    // longer than a double tap, which could have begun on the page before
    await page.waitForFunction(() => performance.now() > 1200)
    await route.continue()
  })
  await page.addInitScript(watchSettling('pay'))
  await page.goto(new URL(body.payment.checkoutUrl, site.url).pathname)
  await page.waitForFunction(() => 'wasSettling' in window)
  t.strictSame(await page.evaluate('window.wasSettling'), { pay: false })
  await page.close()
})
