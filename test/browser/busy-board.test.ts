import type { Page } from 'playwright-core'
import t from 'tap'
import { orderFrom } from '../helpers/customers.js'
import { untilSame } from '../helpers/until.js'
import { addSecondHall } from './demo-orders.js'
import { linkIs, PHONE, startSite } from './site.js'

// A full evening on one tablet: 60 open orders, notes and questions among them.

const site = await startSite(t)
await addSecondHall(site.db)
const staff = await site.staff({ viewport: { width: 1280, height: 800 }, hasTouch: true })
const board = await staff.open('/theatre/live-orders/')
await linkIs(board)

/** Open orders of the demo's first seats, each with two lines; oldest first. */
async function fillBoard(many: number): Promise<void> {
  await orderFrom(site.url, 'demo-a1', { 'Salted Popcorn': 2, 'Masala Chai': 1 }, 'cash')
  await site.db.$executeRaw`
    WITH made AS (
      INSERT INTO orders (theatre_id, seat_id, customer_id, status, payment_method, payment_status, total, created_at, confirmed_at)
      SELECT o.theatre_id, o.seat_id + n % 40, o.customer_id, 'confirmed', CASE WHEN n % 3 = 0 THEN 'cash' ELSE 'online' END::payment_method,
        CASE WHEN n % 3 = 0 THEN 'pending' ELSE 'paid' END::payment_status, o.total,
        o.created_at - n * interval '5 s', o.confirmed_at - n * interval '5 s'
      FROM orders o, generate_series(1, ${many - 1}::int) n RETURNING id)
    INSERT INTO order_items (order_id, menu_item_id, name, quantity, unit_price)
    SELECT made.id, i.menu_item_id, i.name, i.quantity, i.unit_price FROM made, order_items i`
}

/** How many tickets can be seen whole. */
const wholeTickets = (page: Page) =>
  page.locator('.board .ticket').evaluateAll(
    (tickets) =>
      tickets.filter((ticket) => {
        const { top, bottom } = ticket.getBoundingClientRect()
        return top >= 0 && bottom <= ticket.ownerDocument.documentElement.clientHeight
      }).length,
  )

t.test('the compact size shows eight tickets at least of sixty, and is remembered', async (t) => {
  await fillBoard(60)
  await board.reload()
  await linkIs(board)
  await board.getByRole('heading', { level: 1, name: /^60 open orders/ }).waitFor()
  t.comment(`large: ${await wholeTickets(board)} whole tickets`)
  await board.getByRole('radio', { name: 'Compact' }).check()
  const many = await wholeTickets(board)
  t.comment(`compact: ${many} whole tickets`)
  t.ok(many >= 8, `${many} tickets`)
  await board.setViewportSize({ width: 768, height: 1024 })
  t.ok((await wholeTickets(board)) >= 6, 'and six upright')
  await board.setViewportSize({ width: 1280, height: 800 })
  await board.reload()
  await linkIs(board)
  await board.locator('main[data-size=compact]').waitFor()
})

t.test('the compact size shows eight whole tickets with three theatres and names of two lines', async (t) => {
  const long = 'Salted popcorn with a lot of butter'
  const third = await site.db.theatre.create({
    data: { name: 'Third House', timeZone: 'Asia/Kolkata', maxTime: 30, minTime: 10 },
  })
  const second = await site.db.hall.findFirstOrThrow({ where: { name: 'Screen 2', theatreId: 1 } })
  await site.db.hall.update({ where: { id: second.id }, data: { theatreId: third.id } })
  t.teardown(() => site.db.hall.update({ where: { id: second.id }, data: { theatreId: 1 } }))
  const names = await site.db.orderItem.findMany({ select: { id: true, name: true } })
  t.teardown(() =>
    Promise.all(names.map(({ id, name }) => site.db.orderItem.update({ where: { id }, data: { name } }))),
  )
  await site.db.orderItem.updateMany({ data: { name: long } })
  for (const locale of ['en-IN', 'hi-IN']) {
    const admin = await site.staff({ viewport: { width: 1280, height: 800 }, username: 'admin', locale })
    await admin.context.addInitScript(
      `if (location.protocol === 'http:') localStorage.setItem('houselights.ticket-size', '"compact"')`,
    )
    const page = await admin.open('/theatre/live-orders/')
    await linkIs(page)
    await page.locator('.ticket').nth(9).waitFor()
    const line = await page.locator('.lines span').first().boundingBox()
    t.ok(line && line.height > 40, 'two lines')
    t.ok((await wholeTickets(page)) >= 8, `${locale}: ${await wholeTickets(page)} tickets`)
    const small = await page
      .locator('main[data-size=compact] :is(button, .button, .choice), .bar :is(a, button)')
      .evaluateAll((controls) =>
        controls
          .map((control) => [control.textContent, control.getBoundingClientRect()] as const)
          .filter(([, { width, height }]) => width > 0 && (height < 44 || width < 44))
          .map(([text, { width, height }]) => `${text}: ${width} × ${height}`),
      )
    t.strictSame(small, [], 'each control is 44 pixels high and wide')
  }
})

t.test('“To prepare” unfolds and folds', async (t) => {
  const fold = board.getByRole('button', { name: 'To prepare' })
  const popcorn = board.locator('.item-totals').getByText('Salted Popcorn')
  t.equal(await fold.getAttribute('aria-expanded'), 'false', 'folded in the compact size')
  await fold.click()
  await popcorn.waitFor()
  await fold.press('Enter')
  await popcorn.waitFor({ state: 'hidden' })
})

t.test('a new ticket that is off the screen is announced at its edge, and can be gone to', async (t) => {
  const { orderId } = await orderFrom(site.url, 'demo-e10', { 'Cold Coffee': 1 }, 'cash')
  const button = board.getByRole('button', { name: '1 new ↓' })
  await button.click()
  const ticket = board.locator(`.ticket[data-order-id="${orderId}"]`)
  await untilSame(
    t,
    'the new ticket has the focus',
    () => ticket.evaluate((node) => node === node.ownerDocument.activeElement),
    true,
  )
  await button.waitFor({ state: 'detached' })
  await orderFrom(site.url, 'demo-e9', { 'Cold Coffee': 1 }, 'cash')
  await board.getByRole('heading', { level: 1, name: /^62 open orders/ }).waitFor()
})

t.test('a note and unread words of the customer stand on the ticket', async (t) => {
  const note = 'No onion, <b>allergic</b>!'
  const customer = await site.visitor(PHONE)
  const menu = await customer.open('/s/demo-e8')
  await menu.getByRole('button', { name: 'Add one Salted Popcorn' }).click()
  await menu.locator('[data-action=review]').click()
  await menu.getByLabel('Note for the kitchen (allergies…)').fill(`\u200e ${note} `)
  await menu.getByLabel('Cash at your seat').check()
  await menu.locator('[data-action=place-order]').click()
  await menu.waitForURL('**/orders/*')
  await menu.locator('.receipt').getByText(note).waitFor()
  const id = Number(/\d+$/.exec(menu.url())?.[0])
  const say = async (text: string) => {
    await menu.getByRole('textbox', { name: 'Message' }).fill(text)
    await menu.getByRole('button', { name: 'Send' }).click()
  }
  const ticket = board.locator(`.ticket[data-order-id="${id}"]`)
  await ticket.locator('.ticket-note').getByText(note).waitFor()
  await say('Is there ice in it?')
  await say('Without ice, please')
  const chat = ticket.locator('.ticket-chat')
  await chat.getByText('Without ice, please').waitFor()
  t.equal(await chat.getAttribute('data-unread'), '2')
  const desk = await staff.open(`/theatre/chat/#${id}`)
  await linkIs(desk)
  const ordered = desk.getByRole('region', { name: 'Ordered' })
  await ordered.getByText('Salted Popcorn').waitFor()
  await ordered.getByText(note).waitFor()
  await chat.waitFor({ state: 'detached' })
  await desk.close()
})

t.test('the screen rings and counts for what it shows only', async (t) => {
  const admin = await site.staff({ username: 'admin' })
  const page = await admin.open('/theatre/live-orders/')
  await linkIs(page)
  await page.getByRole('radio', { name: 'Grand Cinema' }).check()
  await page.getByRole('radio', { name: 'Screen 2' }).check()
  await page.getByRole('heading', { level: 1, name: /^0 open orders/ }).waitFor()
  await untilSame(t, 'the title counts no other hall', () => page.title(), 'Live orders · Grand Cinema')
  const voice = page.locator('[data-announce=polite]')
  await voice.evaluate((region) => {
    const all: string[] = []
    Object.assign(region, { all })
    new MutationObserver(() => all.push(region.textContent ?? '')).observe(region, { childList: true })
  })
  await orderFrom(site.url, 'demo-a2', { 'Cold Coffee': 1 }, 'cash')
  await orderFrom(site.url, 'demo2-a1', { 'Salted Popcorn': 1 }, 'cash')
  await orderFrom(site.url, 'b-c3', { 'Cold Coffee': 1 }, 'cash')
  await voice.getByText('New order, Screen 2, seat C3').waitFor({ state: 'attached' })
  const said = await voice.evaluate((region) => (region as HTMLElement & { all: string[] }).all.join('\n'))
  t.notMatch(said, /seat A[12]/, 'nothing of another hall, or another theatre')
  t.match(await page.title(), /^\(1\)/)
  await page.close()
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})

t.test('the seat map shows the chosen hall only, and rows of twenty seats fit', async (t) => {
  const hall = await site.db.hall.create({ data: { theatreId: 1, name: 'Screen 3' } })
  const seats = [...'ABCD'].flatMap((row) => Array.from({ length: 20 }, (_, at) => `${row}${at + 1}`))
  await site.db.seat.createMany({
    data: seats.map((name) => ({ name, token: `c-${name.toLowerCase()}`, hallId: hall.id })),
  })
  const page = await staff.open('/theatre/live-orders/')
  await linkIs(page)
  await page.getByRole('radio', { name: 'Screen 3' }).check()
  await page.getByRole('radio', { name: 'Seats' }).check()
  const map = page.getByRole('region', { name: 'Screen 3' })
  await map.waitFor()
  t.equal(await page.locator('.map-hall').count(), 1)
  const headings = await page
    .locator('main')
    .locator('h1, h2, h3')
    .evaluateAll((all) => all.map(({ tagName }) => tagName))
  t.strictSame(headings, ['H1', 'H2'], 'no level is left out, also without open orders')
  const hidden = await map.evaluate((element) => element.scrollWidth - element.clientWidth)
  t.equal(hidden, 0, 'nothing to scroll to')
  await page.close()
})
