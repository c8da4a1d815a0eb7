import type { Page } from 'playwright-core'
import t from 'tap'
import { orderFrom } from '../helpers/customers.js'
import { untilSame } from '../helpers/until.js'
import { PHONE, startSite } from './site.js'

// What customers choose at the end of their pages is kept: dark or light, and the language.

const site = await startSite(t)
const ground = (page: Page) => page.evaluate<string>('getComputedStyle(document.documentElement).colorScheme')

t.test('customers’ pages are dark on a light device too, until they are switched', async (t) => {
  const phone = await site.visitor({ ...PHONE, colorScheme: 'light' })
  const page = await phone.open('/s/demo-a1')
  const toLight = page.getByRole('button', { name: 'Light colours' })
  await toLight.waitFor()
  t.equal(await ground(page), 'dark')
  await toLight.click()
  await page.getByRole('button', { name: 'Dark colours' }).waitFor()
  t.equal(await ground(page), 'light')
  const { orderId, client } = await orderFrom(site.url, 'demo-a1', { 'Masala Chai': 1 }, 'cash')
  const cookies = [...client.cookies].map(([name, value]) => ({ name, value, url: site.url }))
  await phone.context.addCookies(cookies)
  await page.goto(`/orders/${orderId}`)
  await page.getByRole('button', { name: 'Dark colours' }).click()
  t.equal(await ground(page), 'dark')
  await page.goto('/s/demo-a1')
  await toLight.waitFor()
  t.equal(await ground(page), 'dark')
})

t.test('staff’s pages follow the device, also when it changes', async (t) => {
  const tablet = await site.visitor({ colorScheme: 'light' })
  const page = await tablet.open('/login')
  t.equal(await ground(page), 'light')
  await page.emulateMedia({ colorScheme: 'dark' })
  await untilSame(t, 'after the device', () => ground(page), 'dark')
})

t.test('the language is chosen, and kept', async (t) => {
  const phone = await site.visitor(PHONE)
  const page = await phone.open('/s/demo-a2')
  await page.getByRole('button', { name: 'Add one Masala Chai' }).click()
  await page.getByRole('button', { name: 'हिन्दी' }).click()
  await page.getByRole('heading', { level: 1, name: /सीट पर मँगाएँ/ }).waitFor()
  t.equal(await page.locator('.cart-bar').getAttribute('data-cart-count'), '1', 'the cart stays')
  await page.goto('/s/demo-a3')
  await page.getByRole('heading', { level: 1, name: /सीट पर मँगाएँ/ }).waitFor()
  await page.getByRole('button', { name: 'English' }).click()
  await page.getByRole('heading', { level: 1, name: 'Order to your seat' }).waitFor()
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
