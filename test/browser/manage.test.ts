import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import t from 'tap'
import type { SettingsView } from '../../src/protocol/manager-views.js'
import { orderFrom, postOrder } from '../helpers/customers.js'
import { createClient } from '../helpers/http-client.js'
import { DEMO_PASSWORD, signIn } from '../helpers/sign-in.js'
import { untilSame } from '../helpers/until.js'
import { PHONE, startSite, TABLET } from './site.js'

// What a manager does without a shell: settings, halls, staff, the books of a day, bills.

const site = await startSite(t)
const manager = await site.staff({ ...TABLET, username: 'manager' })
const api = await signIn(site.url, 'manager')
const settings = async () =>
  (await api.get<{ settings: SettingsView }>('/api/theatres/1/settings')).body.settings
const section = (page: Page, name: string) => page.getByRole('radio', { name }).check()
const confirm = (page: Page) => page.locator('[data-action=confirm]:not([data-settling=true])').click()
const figure = (page: Page, key: string) => page.locator(`[data-figure=${key}] dd`).textContent()

t.test('settings: hours for every day, a GSTIN as typed, a wrong one is refused in words', async (t) => {
  const page = await manager.open('/theatre/manage/')
  await section(page, 'Settings')
  await page.getByRole('checkbox', { name: 'Orders are taken at any time' }).uncheck()
  t.equal(await page.locator('.hours-row').count(), 7)
  const first = page.locator('.hours-row').first()
  await first.getByLabel('Opens').fill('11:30')
  await page.getByRole('button', { name: 'Remove the hours of Tuesday' }).click()
  await page.getByLabel('Last orders, minutes before closing').fill('२०')
  await page.getByLabel('GSTIN').fill('27AAPFU0939F1ZX')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('alert').filter({ hasText: 'Check this field: GSTIN.' }).waitFor()
  t.equal((await settings()).openingHours, null, 'nothing is saved')
  await page.getByLabel('GSTIN').fill(' 27aapfu0939f1zv')
  await page.getByLabel('Text above each bill').fill('Grand Cinema Pvt Ltd\n12 MG Road')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.locator('.saved', { hasText: 'Saved.' }).waitFor()
  const now = await settings()
  t.match(now, {
    lastOrders: 20,
    gstin: '27AAPFU0939F1ZV',
    receiptHeader: 'Grand Cinema Pvt Ltd\n12 MG Road',
  })
  t.equal(now.openingHours?.length, 6)
  t.match(now.openingHours?.[0], { day: 'monday', opens: '11:30', closes: '23:00' })
  await page.getByRole('checkbox', { name: 'Orders are taken at any time' }).check()
  await page.getByLabel('Minutes allowed for an order').fill('5')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('alert').filter({ hasText: 'Minutes left at which it is urgent' }).waitFor()
  await page.getByLabel('Minutes allowed for an order').fill('30')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.locator('.saved').waitFor()
  t.equal((await settings()).openingHours, null)
})

t.test('halls: rows are added, a code is renewed after a question, a seat is removed', async (t) => {
  const page = await manager.open('/theatre/manage/')
  await section(page, 'Halls and seats')
  const form = page.locator('[data-form=new-hall]')
  await form.getByLabel('Name').fill('Screen 7')
  await form.getByLabel('Rows').fill('a – c, VIP')
  await form.getByLabel('Seats in each row').fill('4')
  await form.getByRole('button', { name: 'Add a hall' }).click()
  const hall = page.locator('.hall', { hasText: 'Screen 7' })
  await hall.locator('summary').click()
  t.equal(await hall.locator('[data-seat-id]').count(), 16)
  const seat = await site.db.seat.findFirstOrThrow({ where: { name: 'VIP4' } })
  await hall.getByRole('button', { name: 'Seat VIP4' }).click()
  await hall.getByRole('button', { name: 'New code' }).click()
  await page.getByText('The printed code stops working at once.').waitFor()
  t.equal(
    (await createClient(site.url).get(`/api/seats/${seat.token}`)).status,
    200,
    'not before it is confirmed',
  )
  await confirm(page)
  await page.locator('.saved', { hasText: 'Seat VIP4 has a new code.' }).waitFor()
  t.equal((await createClient(site.url).get(`/api/seats/${seat.token}`)).status, 404)
  await hall.getByRole('button', { name: 'Remove seat' }).click()
  await confirm(page)
  await hall.locator(`[data-seat-id="${seat.id}"]`).waitFor({ state: 'detached' })
  await hall.getByRole('button', { name: 'Remove hall' }).click()
  await confirm(page)
  await hall.waitFor({ state: 'detached' })
  t.equal(await site.db.hall.count({ where: { name: 'Screen 7', listed: true } }), 0)
})

t.test('staff: an account is made, becomes a manager, is disabled and leaves', async (t) => {
  const page = await manager.open('/theatre/manage/')
  await section(page, 'Staff')
  await page.getByLabel('Username').fill(' anna ')
  await page.getByLabel('Password').fill('a-password-of-anna')
  await page.getByRole('button', { name: 'Add to staff' }).click()
  const entry = page.locator('[data-user-id]', { hasText: 'anna' })
  await entry.waitFor()
  t.equal(await page.getByLabel('Password').inputValue(), '', 'no password stays')
  await entry.getByRole('button', { name: 'Make manager' }).click()
  await page.locator('[data-manager=true]', { hasText: 'anna' }).waitFor()
  await entry.getByRole('button', { name: 'Disable' }).click()
  await confirm(page)
  await page.locator('[data-active=false]', { hasText: 'anna' }).waitFor()
  t.equal(
    (
      await createClient(site.url).post('/api/auth/login', {
        username: 'anna',
        password: 'a-password-of-anna',
      })
    ).status,
    401,
  )
  await entry.getByRole('button', { name: 'Remove' }).click()
  await confirm(page)
  await entry.waitFor({ state: 'detached' })
  const own = page.locator('[data-user-id]', { hasText: 'You' })
  t.equal(await own.getByRole('button').count(), 0, 'nothing for one’s own account')
  await page.getByLabel('Username').fill('staff2')
  await page.getByRole('button', { name: 'Add to staff' }).click()
  const shared = page.locator('[data-user-id]', { hasText: 'staff2' })
  await shared.getByRole('button', { name: 'Disable' }).click()
  await confirm(page)
  await page.getByRole('alert').filter({ hasText: 'This account belongs to other theatres too' }).waitFor()
})

t.test('today: takings, cash to collect, history with search, CSV and the bill', async (t) => {
  const paid = await orderFrom(site.url, 'demo-a1', { 'Salted Popcorn': 2, 'Masala Chai': 1 })
  const cash = await postOrder(createClient(site.url), { seat: 'demo-b5', wish: { 'Samosa Chaat': 1 } })
  const page = await manager.open('/theatre/today/')
  await page.locator('.figures').waitFor()
  t.same(
    [await figure(page, 'orders'), await figure(page, 'gross'), await figure(page, 'cashOwed')],
    ['1', '₹440', '₹150'],
  )
  const owed = page.locator(`[data-cash-owed] [data-order-id="${cash.id}"]`)
  await owed.getByRole('button', { name: 'Received ₹150' }).click()
  await owed.waitFor({ state: 'detached' })
  await page.getByText('No cash is outstanding.').waitFor()
  await untilSame(t, 'the books follow', () => figure(page, 'gross'), '₹590')
  t.equal(await figure(page, 'cashOwed'), '₹0')
  await page.getByText('Items sold on this day').click()
  await page.getByRole('cell', { name: '₹360' }).waitFor()

  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Download as CSV' }).click()
  const file = await download
  t.match(file.suggestedFilename(), /^takings-1-\d{4}-\d\d-\d\d\.csv$/)
  t.match(await readFile(await file.path(), 'utf8'), /^\uFEFFOrder,Time,[\s\S]*Total,,,,,4,,,,,590\.00/)

  await page.getByLabel('Search').fill('chai')
  await page.getByRole('button', { name: 'Search' }).click()
  const found = page.getByRole('list', { name: 'Orders found' }).getByRole('listitem')
  await found.first().waitFor()
  t.same(await found.count(), 1)
  await page.getByLabel('Search').fill('nothing like it')
  await page.keyboard.press('Enter')
  await page.getByText('No orders match.').first().waitFor()
  await page.getByLabel('Search').fill(String(paid.orderId))
  await page.getByRole('button', { name: 'Search' }).click()
  await found.getByRole('link', { name: /^Bill/ }).click()
  await page.getByRole('heading', { level: 1, name: 'Tax invoice' }).waitFor()
  for (const text of ['GSTIN 27AAPFU0939F1ZV', '12 MG Road', 'CGST 2.5 %', '₹10.48', '₹419.04']) {
    await page.getByText(text).first().waitFor()
  }
})

t.test('the customer’s own bill, on a phone and in Hindi; before the payment there is none', async (t) => {
  const { client, orderId } = await orderFrom(site.url, 'demo-a3', { 'Masala Chai': 1 })
  const unpaid = await postOrder(client, { seat: 'demo-a3' })
  const phone = await site.visitor({ ...PHONE, locale: 'hi-IN' })
  await phone.context.addCookies([...client.cookies].map(([name, value]) => ({ name, value, url: site.url })))
  const page = await phone.open(`/orders/${orderId}`)
  await page.getByRole('link', { name: 'बिल' }).click()
  await page.getByRole('heading', { level: 1, name: 'टैक्स इनवॉइस' }).waitFor()
  await page.emulateMedia({ media: 'print' })
  t.notOk(await page.locator('[data-action=print]').isVisible(), 'buttons are not printed')
  await page.emulateMedia({ media: 'screen' })
  await page.goto(`/orders/${unpaid.id}/receipt`)
  await page.getByText('ऑर्डर का भुगतान होने के बाद बिल मिलेगा।').waitFor()
  await page.goto('/orders/999999/receipt')
  await page.getByRole('heading', { level: 1, name: 'यहाँ कोई बिल नहीं है' }).waitFor()
})

t.test(
  'an admin adds a theatre and opens its settings there; plain staff see nothing of all this',
  async (t) => {
    const admin = await site.staff({ ...TABLET, username: 'admin' })
    const page = await admin.open('/theatre/manage/')
    await section(page, 'Theatres')
    const form = page.locator('[data-form=new-theatre]')
    await form.getByLabel('Name').fill('Plaza')
    await form.getByLabel('Time zone').fill('Asia/Kolkata')
    await form.getByRole('button', { name: 'Add a theatre' }).click()
    await page.getByRole('radio', { name: 'Plaza' }).check()
    await section(page, 'Settings')
    await untilSame(t, 'its settings', () => page.getByLabel('Name').inputValue(), 'Plaza')
    const staff = await site.staff(TABLET)
    const shut = await staff.open('/theatre/manage/')
    await shut.getByRole('heading', { level: 1, name: 'This page is for managers' }).waitFor()
    t.equal(await shut.getByRole('link', { name: 'Manage' }).count(), 0)
  },
)

t.test('managers’ pages in Hindi; no page reported an error', async (t) => {
  const hindi = await site.visitor({ ...PHONE, locale: 'hi-IN' })
  await hindi.context.request.post('/api/auth/login', {
    data: { username: 'manager', password: DEMO_PASSWORD },
  })
  const page = await hindi.open('/theatre/manage/')
  await page.getByRole('heading', { level: 1, name: 'थिएटर का प्रबंधन' }).waitFor()
  await page.getByRole('button', { name: 'चीज़ जोड़ें' }).click()
  await page.getByRole('button', { name: 'सेव करें' }).waitFor()
  await page.goto('/theatre/today/')
  await page.getByRole('heading', { level: 2, name: 'बिक्री' }).waitFor()
  t.strictSame(site.pageErrors, [])
})
