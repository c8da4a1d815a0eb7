import type { Page, Route } from 'playwright-core'
import t from 'tap'
import type { Customer } from '../helpers/customers.js'
import { orderFrom } from '../helpers/customers.js'
import { until } from '../helpers/until.js'
import { addSecondHall } from './demo-orders.js'
import { linkIs, openEnded, startSite, TABLET } from './site.js'

// The staff's live orders, by touch and by keyboard.

const site = await startSite(t)
await addSecondHall(site.db)
const staff = await site.staff(TABLET)
const orders = new Map<string, Customer>()
for (const [seat, wish, how] of [
  ['demo-a1', { 'Salted Popcorn': 2 }, 'online'],
  ['demo-a2', { 'Salted Popcorn': 3, 'Cold Coffee': 1 }, 'cash'],
  ['b-b3', { 'Masala Chai': 2, 'Salted Popcorn': 2 }, 'online'],
  ['demo-e9', { 'Samosa Chaat': 1 }, 'unpaid'],
] as const) {
  orders.set(seat, await orderFrom(site.url, seat, wish, how))
}
const late = orders.get('demo-a1')?.orderId ?? 0
await site.db.$executeRaw`
  UPDATE orders SET confirmed_at = now() - interval '31 minutes' WHERE id = ${late}::int`

const board = await staff.open('/theatre/live-orders/')
await linkIs(board)
const ticket = (page: Page, seat: string) =>
  page.locator('.ticket', { hasText: new RegExp(`Screen \\d ${seat}`) })
const seats = async (page: Page) => await page.locator('.ticket .stub-name').allTextContents()
const tally = async () =>
  (await board.locator('[data-item-total]').allTextContents()).map((line) => line.replace(/\s+/g, ' ').trim())

t.test('tickets are sorted oldest first; an overdue one is marked and announced', async (t) => {
  t.strictSame(await seats(board), ['A1', 'A2', 'B3'])
  await board.locator('.ticket[data-urgency=late]').getByText('Overdue').waitFor()
  await board
    .locator('[data-announce=urgent]', { hasText: 'Overdue: seat A1' })
    .waitFor({ state: 'attached' })
  t.match(await ticket(board, 'A1').getByRole('timer').textContent(), /^31:\d\d$/)
})

t.test('item totals over all open orders', async (t) => {
  t.strictSame(await tally(), ['7 Salted Popcorn', '2 Masala Chai', '1 Cold Coffee'])
})

t.test('the hall filter applies to tickets, counts and totals', async (t) => {
  const halls = board.getByRole('group', { name: 'Hall' })
  await halls.getByRole('radio', { name: 'Screen 2' }).check()
  await board.getByRole('heading', { level: 1, name: /^1 open order / }).waitFor()
  t.strictSame(await seats(board), ['B3'])
  t.strictSame(await tally(), ['2 Masala Chai', '2 Salted Popcorn'])
  await board.reload()
  await linkIs(board)
  await board.getByRole('heading', { level: 1, name: /^1 open order / }).waitFor()
  t.strictSame(await seats(board), ['B3'], 'a reloaded page keeps its hall')
  await halls.getByRole('radio', { name: 'All halls' }).check()
  await board.getByRole('heading', { level: 1, name: /^3 open orders / }).waitFor()
})

t.test('a filter for a hall of another theatre hides nothing', async (t) => {
  const { orderId } = await orderFrom(site.url, 'demo2-a1', { 'Salted Popcorn': 1 }, 'cash')
  const page = await (await site.staff({ ...TABLET, username: 'admin' })).open('/theatre/live-orders/')
  await linkIs(page)
  await page.getByRole('radio', { name: 'Grand Cinema' }).check()
  await page.getByRole('radio', { name: 'Screen 1' }).check()
  await page.getByRole('radio', { name: 'Riverside' }).check()
  await page.locator(`.ticket[data-order-id="${orderId}"]`).waitFor()
  await page.getByRole('heading', { level: 1, name: /^1 open order Riverside/ }).waitFor()
  t.equal(await page.getByRole('radio', { name: 'All halls' }).count(), 0)
  await page.close()
})

t.test('the seat map shows each seat’s state, and its order at a touch', async (t) => {
  await board.getByRole('radio', { name: 'Seats' }).check()
  const hall = board.getByRole('region', { name: 'Screen 1', exact: true })
  for (const [name, state] of [
    ['A1', 'overdue'],
    ['A2', 'new order'],
    ['E9', 'waiting for payment'],
    ['C5', 'no order'],
  ]) {
    await hall.getByRole('button', { name: `Seat ${name}: ${state}` }).waitFor()
  }
  await board.getByRole('button', { name: 'Seat B3: new order' }).click()
  await board.getByRole('region', { name: 'Orders for this seat' }).getByText('Masala Chai').waitFor()
  t.strictSame(await seats(board), ['B3'])
  await board.getByRole('radio', { name: 'Tickets' }).check()
})

t.test('sound starts at the first touch, and can be muted permanently', async (t) => {
  const page = await staff.open('/theatre/live-orders/')
  const sound = page.locator('[data-sound]')
  await linkIs(page)
  // whether a headless browser plays sound without a touch depends on the browser
  if ((await sound.getAttribute('data-sound')) === 'waiting') await page.mouse.click(4, 4)
  await page.locator('[data-sound=on]').click()
  await page.locator('[data-sound=muted]').waitFor()
  await page.reload()
  await linkIs(page)
  t.equal(await sound.getAttribute('data-sound'), 'muted', 'also the next evening')
  await page.getByRole('button', { name: 'Muted' }).click()
  await page.locator('[data-sound=on]').waitFor()
  await page.close()
})

t.test('staff mark items as sold out, and customers see it', async () => {
  await board.getByRole('button', { name: 'Menu' }).click()
  const cola = board.getByRole('dialog').getByRole('switch', { name: /Cold Coffee/ })
  await cola.click()
  await board.locator('.switches li', { hasText: 'Cold Coffee' }).getByText('Sold out').waitFor()
  const customer = await site.visitor()
  const menu = await customer.open('/s/demo-d1')
  await menu
    .locator('.dish[data-available=false]', { hasText: 'Cold Coffee' })
    .getByText('Sold out')
    .waitFor()
  await cola.click()
  await board.getByRole('button', { name: 'Close' }).click()
})

t.test('a second tablet shows changes at once', async (t) => {
  const other = await (await site.staff(TABLET)).open('/theatre/live-orders/')
  await linkIs(other)
  const began = performance.now()
  await ticket(board, 'B3').getByRole('button', { name: 'Seen' }).click()
  await other.locator('.ticket[data-status=seen]', { hasText: 'B3' }).waitFor()
  t.comment(`touch to the other screen: ${Math.round(performance.now() - began)} ms`)
  t.same(await seats(other), await seats(board))
  await other.close()
})

t.test('a cancelled order is in the list of those that ended', async (t) => {
  const id = orders.get('demo-a2')?.orderId ?? 0
  await ticket(board, 'A2').getByRole('button', { name: 'Cancel order for seat A2' }).click()
  await ticket(board, 'A2').waitFor({ state: 'detached' })
  t.equal((await site.db.order.findUniqueOrThrow({ where: { id } })).status, 'cancelled')
  await board.getByText('Delivered and cancelled (1)').waitFor()
  await openEnded(board)
  await board.locator('.ended [data-status=cancelled]', { hasText: 'A2' }).waitFor()
})

t.test('a failed action shows an error in sight, until it is dismissed', async (t) => {
  const page = await staff.open('/theatre/live-orders/')
  await linkIs(page)
  await page.setViewportSize({ width: 1180, height: 500 })
  await page.route('**/api/orders/*/deliver', (route) => route.abort())
  await page.locator('.ticket').last().getByRole('button', { name: 'Delivered' }).click()
  const alert = page.getByRole('alert').filter({ hasText: 'No connection.' })
  await alert.waitFor()
  const box = await alert.boundingBox()
  t.ok(box && box.y > 0 && box.y + box.height <= 500, 'in sight, wherever the ticket is')
  await alert.getByRole('button', { name: 'Close' }).click()
  await alert.waitFor({ state: 'detached' })
  await page.close()
})

t.test('a delivered order stays on the board until its cash is collected', async (t) => {
  const { orderId } = await orderFrom(site.url, 'demo-e6', { 'Masala Chai': 2 }, 'cash')
  await ticket(board, 'E6').getByRole('button', { name: 'Delivered' }).click()
  await ticket(board, 'E6').waitFor({ state: 'detached' })
  const owed = board.getByRole('region', { name: 'Delivered, cash due' })
  await owed.getByText('Collect ₹160').waitFor()
  await owed.getByRole('button', { name: 'Cash received from seat E6' }).click()
  await owed.waitFor({ state: 'detached' })
  const { paymentStatus } = await site.db.order.findUniqueOrThrow({ where: { id: orderId } })
  t.equal(paymentStatus, 'paid')
})

t.test('keyboard only: moves between tickets, marks as seen, delivers, cancels, undoes', async (t) => {
  for (const seat of ['demo-c1', 'demo-c2', 'demo-c3']) {
    await orderFrom(site.url, seat, { 'Fresh Lime Soda': 1 }, 'cash')
  }
  const page = await staff.open('/theatre/live-orders/')
  await linkIs(page)
  const focused = () => page.evaluate('document.activeElement.querySelector(".stub-name")?.textContent')
  await ticket(page, 'C3').waitFor()
  await page.keyboard.press('ArrowRight')
  t.equal(await focused(), 'A1')
  for (const seat of ['B3', 'C1']) {
    await page.keyboard.press('ArrowRight')
    t.equal(await focused(), seat)
  }
  await page.keyboard.press('s')
  await page.locator('.ticket[data-status=seen]', { hasText: 'C1' }).waitFor()
  t.equal(await focused(), 'C1', 'the focus stays')
  await page.keyboard.press('c')
  await ticket(page, 'C1').getByText('Paid in cash').waitFor()
  await page.keyboard.press('d')
  await ticket(page, 'C1').waitFor({ state: 'detached' })
  await until(async () => (await focused()) === 'C2', 'the next ticket to have the focus')
  await page.keyboard.press('x')
  await page.getByRole('region', { name: 'Screen 1 C2' }).getByText('Cancelled').waitFor()
  await until(async () => (await focused()) === 'C3', 'the next ticket to have the focus')
  await page.keyboard.press('z')
  await until(async () => (await focused()) === 'C2', 'the ticket that is back to have the focus')
  // until the undo is answered, its buttons take nothing
  await page.locator('.ticket[aria-busy=false]', { hasText: 'Screen 1 C2' }).waitFor()
  await page.keyboard.press('Tab')
  const button = await page.evaluate('document.activeElement.textContent')
  t.equal(button, 'Cash received', 'each button can be reached')
  await page.close()
})

t.test('keyboard: a step pressed while the last one is under way follows it', async (t) => {
  const { orderId } = await orderFrom(site.url, 'demo-d9', { 'Fresh Lime Soda': 1 }, 'cash')
  const page = await staff.open('/theatre/live-orders/')
  await linkIs(page)
  const held: Route[] = []
  await page.route('**/api/orders/*/collect-cash', (route) => void held.push(route))
  // parts that appear together can't have the focus before
  await ticket(page, 'D9').waitFor()
  await ticket(page, 'D9').focus()
  await page.keyboard.press('c')
  await until(() => held.length === 1, 'the first call to be under way')
  await page.keyboard.press('d')
  await page.keyboard.press('d')
  await held[0]?.continue()
  await ticket(page, 'D9').waitFor({ state: 'detached' })
  t.match(await site.db.order.findUniqueOrThrow({ where: { id: orderId } }), {
    status: 'delivered',
    paymentStatus: 'paid',
  })
  await page.close()
})

t.test('keyboard: buttons leave the focus on their ticket; Caps Lock does not matter', async (t) => {
  const page = await staff.open('/theatre/live-orders/')
  await linkIs(page)
  const c2 = ticket(page, 'C2')
  const undo = page.getByRole('button', { name: 'Undo for seat C2' })
  const focused = () => page.evaluate<string>('document.activeElement.dataset.orderId')
  const id = await c2.getAttribute('data-order-id')
  for (const back of ['z', 'Z', 'Escape', 'Enter']) {
    await c2.getByRole('button', { name: /^Cancel/ }).press('Enter')
    await undo.waitFor()
    await until(
      async () => (await focused()) !== id && (await focused()) !== undefined,
      'the next ticket to have the focus',
    )
    if (back === 'Enter') await undo.press(back)
    else await page.keyboard.press(back)
    await until(async () => (await focused()) === id, 'the ticket that is back to have the focus')
  }
  await page.keyboard.press('X')
  await undo.waitFor()
  await page.evaluate('document.activeElement.blur()')
  await page.keyboard.press('Escape')
  await undo.waitFor({ state: 'detached' })
  await c2.getByRole('button', { name: 'Seen' }).press('Enter')
  await page.locator('.ticket[data-status=seen]', { hasText: 'C2' }).waitFor()
  t.equal(await focused(), id)
  await c2.getByRole('button', { name: 'Delivered' }).press('Enter')
  await c2.waitFor({ state: 'detached' })
  const next = await ticket(page, 'C3').getAttribute('data-order-id')
  await until(async () => (await focused()) === next, 'the next ticket to have the focus')
  await page.keyboard.press('D')
  await ticket(page, 'C3').waitFor({ state: 'detached' })
  await until(async () => (await focused()) !== undefined, 'a ticket to have the focus')
  await page.close()
})

t.test('without notifications and wake locks, the page says what the browser can’t do', async (t) => {
  const bare = await site.staff(TABLET)
  await bare.context.addInitScript('delete window.Notification; delete Navigator.prototype.wakeLock')
  const page = await bare.open('/theatre/live-orders/')
  await linkIs(page)
  await page.getByText('This browser can’t keep the screen on').waitFor()
  t.equal(await page.getByRole('button', { name: 'Notify me' }).count(), 0, 'no button without a function')
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
