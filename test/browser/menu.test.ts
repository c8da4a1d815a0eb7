import type { Page } from 'playwright-core'
import t from 'tap'
import { postOrder } from '../helpers/customers.js'
import { createClient } from '../helpers/http-client.js'
import { signIn } from '../helpers/sign-in.js'
import { untilSame } from '../helpers/until.js'
import { linkIs, PHONE, startSite, TABLET } from './site.js'

// The menu of a seat: categories, search, options, and what changes while it is open.

const site = await startSite(t)
const staff = await signIn(site.url, 'staff')
const manager = await signIn(site.url, 'manager')
const itemOf = (name: string) =>
  site.db.menuItem.findFirstOrThrow({ where: { theatreId: 1, name, listed: true } })
const dish = (page: Page, name: string) =>
  page.locator('.dish').filter({ has: page.getByRole('heading', { name, exact: false }) })
const add = (page: Page, name: string) => page.getByRole('button', { name: `Add one ${name}` }).click()

async function review(page: Page, method = 'Cash at your seat'): Promise<void> {
  await page.getByRole('button', { name: /^Review/ }).click()
  await page.getByLabel(method).check()
}

t.test('options are chosen in a dialog, priced, and stand on the order', async (t) => {
  const page = await (await site.visitor(PHONE)).open('/s/demo-a1')
  await add(page, 'Milkshake')
  const dialog = page.getByRole('dialog', { name: 'Milkshake' })
  t.ok(await dialog.getByRole('button', { name: 'Choose: Flavour' }).isDisabled())
  await dialog.getByRole('radio', { name: /Mango/ }).check()
  await dialog.getByRole('radio', { name: /Regular/ }).check()
  await dialog.getByRole('radio', { name: /Large/ }).check()
  await dialog.getByRole('checkbox', { name: /Whipped cream/ }).check()
  await dialog.getByRole('button', { name: 'Add for ₹300' }).click()
  await dialog.waitFor({ state: 'detached' })
  await add(page, 'Milkshake')
  await dialog.getByRole('radio', { name: /Chocolate/ }).check()
  await dialog.getByRole('radio', { name: /Regular/ }).check()
  await dialog.getByRole('button', { name: 'Add for ₹190' }).click()
  await dish(page, 'Milkshake').getByText('2 in your cart').waitFor()
  await review(page)
  const lines = page.locator('.review-lines li')
  t.equal(await lines.count(), 2, 'each choice is a line of its own')
  await page.getByRole('button', { name: 'Add one Milkshake, Mango, Large, Whipped cream' }).click()
  await page.getByRole('button', { name: 'Place order for ₹790' }).click()
  await page.getByRole('heading', { level: 1, name: 'We have your order' }).waitFor()
  await page.locator('.receipt').getByText('Mango, Large, Whipped cream').waitFor()
  const order = await site.db.order.findFirstOrThrow({
    where: { seat: { token: 'demo-a1' } },
    include: { items: { orderBy: { unitPrice: 'asc' } } },
  })
  t.match(order, {
    total: 79_000,
    items: [
      { quantity: 1, unitPrice: 19_000 },
      { quantity: 2, unitPrice: 30_000 },
    ],
  })
  await page.getByRole('link', { name: 'Order more' }).click()
  await page.locator('[data-cart-count="0"]').waitFor()
  const board = await (await site.staff(TABLET)).open('/theatre/live-orders/')
  const ticket = board.locator(`.ticket[data-order-id="${order.id}"]`)
  await ticket.getByText('Mango, Large, Whipped cream').waitFor()
  t.equal(await ticket.locator('.lines li').count(), 2)
})

t.test('what sells out is shown at once; in the cart it stays, says so, and can be removed', async (t) => {
  const page = await (await site.visitor({ ...PHONE, locale: 'hi-IN' })).open('/s/demo-a2')
  const adding = (name: string) => page.getByRole('button', { name: `जोड़ें: एक ${name}` }).click()
  await adding('Masala Chai')
  await adding('Cheese Nachos')
  await page.locator('[data-action=review]').click()
  await page.getByLabel('सीट पर नकद').check()
  await page.getByRole('button', { name: '₹320 का ऑर्डर करें' }).waitFor()
  const chai = await itemOf('Masala Chai')
  await staff.patch(`/api/menu-items/${chai.id}`, { available: false, until: 'hour' })
  const line = page.locator(`.review-lines [data-menu-item-id="${chai.id}"]`)
  await line.getByText('खत्म').waitFor()
  await page.getByRole('alert').filter({ hasText: '₹320' }).waitFor()
  t.ok(
    await page.locator('[data-action=place-order]').isDisabled(),
    'nothing is left out of an order silently',
  )
  t.equal(await page.locator('.dish[data-available=false]').count(), 1)
  await page.locator('[data-notice=cart-problems]').filter({ hasText: 'Masala Chai' }).waitFor()
  await line.getByRole('button', { name: 'Masala Chai हटाएँ' }).click()
  await line.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: '₹240 का ऑर्डर करें' }).click()
  await page.getByRole('heading', { level: 1, name: 'आपका ऑर्डर मिल गया' }).waitFor()
  await staff.patch(`/api/menu-items/${chai.id}`, { available: true })
})

t.test('the only thing in a cart sells out: the form stays open, with what was in it', async (t) => {
  const page = await (await site.visitor(PHONE)).open('/s/demo-a3')
  await add(page, 'Samosa Chaat')
  await review(page)
  const item = await itemOf('Samosa Chaat')
  await manager.delete(`/api/menu-items/${item.id}`)
  await page.locator('.review-lines').getByText('No longer on the menu').waitFor()
  await page.locator('.review-lines').getByText('Samosa Chaat').waitFor()
  t.ok(await page.getByRole('dialog').isVisible())
  t.equal(await dish(page, 'Samosa Chaat').count(), 0)
  await page.reload()
  await page.getByText('0 items, 1 not available').waitFor()
})

t.test(
  'a price that changes under an open form: the new sum is on the button, which takes no touch at first',
  async (t) => {
    const page = await (await site.visitor(PHONE)).open('/s/demo-a4')
    await add(page, 'Salted Popcorn')
    await review(page)
    const button = page.locator('[data-action=place-order]')
    await page.getByRole('button', { name: 'Place order for ₹180' }).waitFor()
    const item = await itemOf('Salted Popcorn')
    // the first frame with the new sum
    await page.evaluate(`requestAnimationFrame(function look() {
    const button = document.querySelector('[data-action=place-order]')
    if (button.textContent.includes('200')) window.wasDisabled = button.disabled
    else requestAnimationFrame(look)
  })`)
    await manager.patch(`/api/menu-items/${item.id}`, { price: 20_000 })
    await page.getByRole('alert').filter({ hasText: 'from ₹180 to ₹200' }).waitFor()
    t.equal(await page.evaluate('window.wasDisabled'), true)
    await button.filter({ hasText: '₹200' }).click()
    await page.getByRole('heading', { level: 1, name: 'We have your order' }).waitFor()
    await manager.patch(`/api/menu-items/${item.id}`, { price: 18_000 })
  },
)

t.test('search, categories and 200 items at 360 pixels', async (t) => {
  const { open } = await site.visitor(PHONE)
  await site.db.menuItem.createMany({
    data: Array.from({ length: 200 }, (_, i) => ({
      theatreId: 2,
      name: `Dish ${i}`,
      price: 1000 + i,
      category: `Kitchen ${Math.floor(i / 20)}`,
      position: 100 + i,
    })),
  })
  const page = await open('/s/demo2-a1')
  await page.locator('.dish').nth(205).waitFor()
  const last = page.getByRole('heading', { name: 'Kitchen 9' })
  await page.getByRole('link', { name: 'Kitchen 9' }).click()
  await page.locator('h2:focus', { hasText: 'Kitchen 9' }).waitFor()
  const box = await last.boundingBox()
  const bar = await page.locator('.menu-jump').boundingBox()
  t.ok(box && bar && box.y >= bar.y + bar.height - 1 && box.y < 300, 'the heading is in sight below the bar')
  t.equal(new URL(page.url()).hash, '', 'Back leaves the menu')
  await page.getByRole('searchbox', { name: 'Search the menu' }).fill(' kitchen 3  DISH 61 ')
  await page.locator('.dish').nth(1).waitFor({ state: 'detached' })
  t.match(await page.locator('.dish h3').textContent(), /^\s*Dish 61$/)
  await page.getByRole('searchbox').fill('pizza')
  await page.getByText('Nothing on the menu matches “pizza”.').waitFor()
  t.equal(await page.locator('.food-mark').count(), 0)
  await page.getByRole('searchbox').fill('dish 7')
  t.equal(await page.locator('.food-mark').count(), 0, 'no mark where the diet is not known')
})

t.test('the menu stands still while it loads, and when something sells out', async (t) => {
  const { context, open } = await site.visitor(PHONE)
  await context.addInitScript(`window.shifted = 0
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifted += entry.value
    }).observe({ type: 'layout-shift', buffered: true })`)
  const page = await open('/s/demo-c5')
  await page.locator('.dish').first().waitFor()
  const { id } = await itemOf('Caramel Popcorn')
  await staff.patch(`/api/menu-items/${id}`, { available: false })
  await page.locator('.dish[data-available=false]').waitFor()
  await staff.post('/api/theatres/1/pause', { minutes: 1 })
  await page.getByText(/^No orders are taken until/).waitFor()
  await staff.post('/api/theatres/1/resume')
  await page.getByText('Your cart is empty').waitFor()
  const shifted = Number(await page.evaluate('window.shifted'))
  t.ok(shifted < 0.1, `layout shift ${shifted}`)
  await staff.patch(`/api/menu-items/${id}`, { available: true })
})

t.test(
  'staff pause ordering for a time from the board; open phones say so, and go on by themselves',
  async (t) => {
    const board = await (await site.staff(TABLET)).open('/theatre/live-orders/')
    await linkIs(board)
    const phone = await (await site.visitor(PHONE)).open('/s/demo-b1')
    await add(phone, 'Cheese Nachos')
    const browsing = await (await site.visitor(PHONE)).open('/s/demo-b4')
    await add(browsing, 'Cheese Nachos')
    await review(phone)
    await board.getByRole('button', { name: 'Pause ordering' }).click()
    await board.getByRole('button', { name: 'For 20 minutes' }).click()
    await board.getByRole('button', { name: /^No orders until/ }).waitFor()
    await phone.locator('[data-notice=paused]').filter({ hasText: 'No orders are taken until' }).waitFor()
    await browsing.locator('.cart-bar', { hasText: 'No orders are taken until' }).waitFor()
    t.ok(await phone.locator('[data-action=place-order]').isDisabled())
    await t.rejects(postOrder(createClient(site.url), { seat: 'demo-b2' }), /not_accepting_orders/)
    await board.getByRole('button', { name: /^No orders until/ }).click()
    await board.getByRole('button', { name: 'Resume ordering' }).click()
    await board.getByRole('button', { name: 'Pause ordering' }).waitFor()
    await phone.locator('[data-notice=paused]').waitFor({ state: 'detached' })
    await phone.getByRole('button', { name: 'Place order for ₹240' }).click()
    await phone.getByRole('heading', { level: 1, name: 'We have your order' }).waitFor()
  },
)

t.test('staff sell an item out for an hour from the board', async (t) => {
  const board = await (await site.staff(TABLET)).open('/theatre/live-orders/')
  await linkIs(board)
  const phone = await (await site.visitor(PHONE)).open('/s/demo-b3')
  await board.getByRole('button', { name: 'Menu' }).click()
  const panel = board.getByRole('dialog', { name: 'Availability' })
  await panel.getByRole('switch', { name: /Cold Coffee/ }).click()
  await phone.locator('.dish[data-available=false]', { hasText: 'Cold Coffee' }).waitFor()
  const until = panel.getByRole('combobox', { name: 'Cold Coffee: sold out until' })
  t.equal(await until.inputValue(), '')
  await until.selectOption({ label: 'For an hour' })
  await panel.getByText(/^Until \d/).waitFor({ state: 'attached' })
  await untilSame(t, 'the time is selected', () => until.inputValue(), 'set')
  const { id, soldOutUntil } = await itemOf('Cold Coffee')
  t.ok(soldOutUntil && Math.abs(soldOutUntil.getTime() - Date.now() - 3_600_000) < 120_000)
  await site.db.menuItem.update({ where: { id }, data: { soldOutUntil: new Date(Date.now() + 1000) } })
  await phone.locator('.dish[data-available=true]', { hasText: 'Cold Coffee' }).waitFor()
  t.pass('it comes back by itself on open phones')
})

t.test('a renewed code: the page says so instead of showing an old menu', async () => {
  const page = await (await site.visitor(PHONE)).open('/s/demo-c1')
  await add(page, 'Cheese Nachos')
  await site.db.seat.update({ where: { token: 'demo-c1' }, data: { token: 'demo-c1-renewed' } })
  await page.getByRole('heading', { name: 'Seat not found' }).waitFor()
})

t.test('without a connection the page says at once that the menu may have changed', async () => {
  const { context, open } = await site.visitor(PHONE)
  const page = await open('/s/demo-c2')
  await page.getByText(/about \d+ minutes/).waitFor()
  await context.setOffline(true)
  await page.getByText('Not connected: the menu may have changed').waitFor()
  await context.setOffline(false)
  await page.getByText(/about \d+ minutes/).waitFor()
})

t.test('no page broke anything on the way', async (t) => {
  t.strictSame(site.pageErrors, [])
})
