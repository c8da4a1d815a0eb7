import type { Page } from 'playwright-core'
import t from 'tap'
import { orderFrom } from '../helpers/customers.js'
import { linkIs, PHONE, startSite } from './site.js'

// Names of halls, seats and items may be as long as a theatre's file allows.

const site = await startSite(t)
const SEAT = 'Maharaja-Recliner-W9'
const DISH = 'Donaudampfschifffahrtsgesellschaftskapitänskartoffelsuppe'
await site.db.seat.update({ where: { token: 'demo-b5' }, data: { name: SEAT } })
await site.db.hall.updateMany({
  where: { theatreId: 1 },
  data: { name: `Upper Balcony West ${'W'.repeat(50)}` },
})
await site.db.menuItem.updateMany({ where: { theatreId: 1, name: 'Masala Chai' }, data: { name: DISH } })
const guest = await orderFrom(site.url, 'demo-b5', { [DISH]: 20 }, 'cash')
const phone = await site.visitor(PHONE)
await phone.context.addCookies(
  [...guest.client.cookies].map(([name, value]) => ({ name, value, url: site.url })),
)
const staff = await site.staff(PHONE)

/** Pixels by which the page is wider than the phone; `innerWidth` grows with such a page. */
const tooWide = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth - 360')

t.test('the longest names make no page wider than 360 px', async (t) => {
  const menu = await phone.open('/s/demo-b5')
  await menu.getByRole('button', { name: `Add one ${DISH}` }).click()
  t.equal(await tooWide(menu), 0, 'menu')
  await menu.getByRole('button', { name: /^Review/ }).click()
  await menu.getByRole('dialog').getByText(DISH).waitFor()
  t.equal(await tooWide(menu), 0, 'review')
  const order = await phone.open(`/orders/${guest.orderId}`)
  await order.locator('.receipt').waitFor()
  t.equal(await tooWide(order), 0, 'order')

  const board = await staff.open('/theatre/live-orders/')
  await linkIs(board)
  await board.locator('.ticket', { hasText: SEAT }).waitFor()
  t.equal(await tooWide(board), 0, 'board')
  await board.getByRole('radio', { name: 'Seats' }).check()
  await board.getByRole('button', { name: `Seat ${SEAT}: new order` }).click()
  await board.locator('.ticket').waitFor()
  t.equal(await tooWide(board), 0, 'seat map')
  const box = await board.locator('.ticket .stub').boundingBox()
  t.ok(box && box.y >= 0 && box.y + box.height <= 740, 'the selected seat’s order is in sight')
  await board.locator('.ticket [data-action=deliver]').click()
  const undo = board.getByRole('button', { name: 'Undo' })
  await undo.waitFor()
  t.equal(await tooWide(board), 0, 'the offer to undo')
  await undo.click()
  await board.goto(`/theatre/chat/#${guest.orderId}`)
  await board.getByRole('region', { name: 'Ordered' }).waitFor()
  t.equal(await tooWide(board), 0, 'chat')
  await board.goto('/theatre/seats/')
  await board.getByText(SEAT, { exact: true }).waitFor()
  t.equal(await tooWide(board), 0, 'seat codes')
})

t.test('every staff page is one touch away on a phone', async (t) => {
  const manager = await site.staff({ ...PHONE, username: 'manager' })
  for (const [user, path] of [
    [staff, '/theatre/live-orders/'],
    [staff, '/theatre/chat/'],
    [staff, '/theatre/seats/'],
    [staff, '/account'],
    [manager, '/theatre/live-orders/'],
    [manager, '/theatre/today/'],
    [manager, '/theatre/manage/'],
  ] as const) {
    const page = await user.open(path)
    const last = page.getByRole('navigation').getByRole('link', { name: 'Account' })
    await last.waitFor()
    const box = await last.boundingBox()
    t.ok(box && box.x + box.width <= 360, `${path}: the last link is whole`)
    await page.close()
  }
  t.strictSame(site.pageErrors, [])
})
