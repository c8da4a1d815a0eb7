import type { Locator } from 'playwright-core'
import t from 'tap'
import { orderFrom } from '../helpers/customers.js'
import { linkIs, PHONE, startSite, TABLET } from './site.js'

// In forced colours (Windows' contrast themes) a page's own backgrounds go: what is chosen, on, new or late must still differ.

const site = await startSite(t)
const forced = { forcedColors: 'active' } as const
const staff = await site.staff({ ...TABLET, ...forced })
const customer = await site.visitor({ ...PHONE, ...forced })

/** How an element is drawn. */
const look = (element: Locator) =>
  element.evaluate((node) => {
    const style = node.ownerDocument.defaultView?.getComputedStyle(node)
    return [
      style?.backgroundColor,
      style?.borderLeftColor,
      style?.borderBottomColor,
      style?.borderLeftWidth,
    ].join()
  })

t.test('the board shows what is chosen, new, late and seen', async (t) => {
  const made = []
  for (const seat of ['demo-a1', 'demo-a2', 'demo-a3'])
    made.push((await orderFrom(site.url, seat, { 'Masala Chai': 1 }, 'cash')).orderId)
  const [late, seen, fresh] = made
  await site.db.$executeRaw`
    UPDATE orders SET confirmed_at = now() - interval '40 minutes' WHERE id = ${late}::int`
  await site.db.$executeRaw`UPDATE orders SET status = 'seen', seen_at = now() WHERE id = ${seen}::int`
  const page = await staff.open('/theatre/live-orders/')
  await linkIs(page)
  const stub = (id: number | undefined) => page.locator(`.ticket[data-order-id="${id}"] .stub`)
  await page.locator('.ticket[data-urgency=late]').waitFor()
  const looks = [await look(stub(late)), await look(stub(seen)), await look(stub(fresh))]
  t.equal(new Set(looks).size, 3, looks.join(' | '))
  const option = (name: string) => page.getByRole('radio', { name }).locator('xpath=following-sibling::span')
  t.not(await look(option('Large')), await look(option('Compact')), 'the chosen size')
  const links = page.getByRole('navigation').getByRole('link')
  t.not(await look(links.nth(0)), await look(links.nth(1)), 'the page of the bar')
  await page.getByRole('button', { name: 'Menu' }).click()
  const [first, second] = [page.getByRole('switch').nth(0), page.getByRole('switch').nth(1)]
  t.equal(await look(first), await look(second), 'both on')
  await first.click()
  await page.locator('[role=switch][aria-checked=false]').waitFor()
  t.not(await look(first), await look(second), 'on and off')
})

t.test('customers see what is chosen, and how far the order is', async (t) => {
  const page = await customer.open('/s/demo-b1')
  await page.getByRole('button', { name: 'Add one Milkshake' }).click()
  const choice = (name: string) => page.getByRole('radio', { name })
  await choice('Mango').check()
  t.not(await look(choice('Mango')), await look(choice('Chocolate')), 'radio buttons')
  await page.getByRole('checkbox', { name: 'Whipped cream' }).check()
  const extra = (name: string) => page.getByRole('checkbox', { name })
  t.not(await look(extra('Whipped cream')), await look(extra('Chocolate chips')), 'check boxes')
  const guest = await orderFrom(site.url, 'demo-b1', { 'Masala Chai': 1 }, 'cash')
  const cookies = [...guest.client.cookies].map(([name, value]) => ({ name, value, url: site.url }))
  await customer.context.addCookies(cookies)
  await page.goto(`/orders/${guest.orderId}`)
  const bulb = (done: boolean) => page.locator(`[data-done=${done}] > .bulb`).first()
  t.not(await look(bulb(true)), await look(bulb(false)), 'steps done and to come')
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
