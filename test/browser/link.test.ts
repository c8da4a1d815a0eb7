import type { Page } from 'playwright-core'
import t from 'tap'
import { orderFrom, sendMessage } from '../helpers/customers.js'
import { DEMO_PASSWORD, signIn } from '../helpers/sign-in.js'
import { openNetwork } from './network.js'
import { linkIs, PHONE, startSite, TABLET } from './site.js'

// The pages while the network is down, back, or intercepted, and when the session ends elsewhere.

const site = await startSite(t, {}, { worker: true })
const network = await openNetwork(t, site.port)
const through = { baseURL: network.url }
const staff = await site.staff({ ...TABLET, ...through })
const BOARD = '/theatre/live-orders/'
const seats = async (page: Page) => await page.locator('.ticket .stub-name').allTextContents()
const wakeUp = (page: Page) => page.evaluate('dispatchEvent(new Event("online"))')

t.test('offline: the board says so, and since when; online again: it shows everything missed', async (t) => {
  const before = await orderFrom(site.url, 'demo-a1', { 'Salted Popcorn': 1 })
  await orderFrom(site.url, 'demo-a2', { 'Salted Popcorn': 1 })
  const board = await staff.open(BOARD)
  await linkIs(board)
  await board.evaluate('window.never = "reloaded"')
  network.cut()
  await linkIs(board, 'stale')
  t.match(await board.locator('.link').textContent(), /Not up to date.*as of/)
  await board.getByRole('alert').filter({ hasText: 'Not up to date: last updated at' }).waitFor()
  t.same(await seats(board), ['A1', 'A2'], 'known orders stay on the screen')

  const other = await signIn(site.url, 'staff')
  await other.post(`/api/orders/${before.orderId}/deliver`)
  const paid = await orderFrom(site.url, 'demo-b1', { 'Masala Chai': 2 })
  await orderFrom(site.url, 'demo-b2', { 'Cold Coffee': 1 }, 'cash')
  await other.post(`/api/orders/${paid.orderId}/seen`)
  await sendMessage(paid.client, paid.orderId, 'Are you still there?')

  network.restore()
  await wakeUp(board)
  await linkIs(board)
  await board.locator('[data-banner]').waitFor({ state: 'detached' })
  t.same(await seats(board), ['A2', 'B1', 'B2'])
  t.equal(await board.locator('.ticket', { hasText: 'B1' }).getAttribute('data-status'), 'seen')
  await board.locator('.bar .badge[data-unread="1"]').waitFor()
  await board.getByText('Delivered and cancelled (1)').waitFor()
  t.equal(await board.evaluate('window.never'), 'reloaded', 'by itself')
  await board.close()
})

t.test('a dead connection is detected when the page is shown again', async () => {
  const board = await staff.open(BOARD)
  await linkIs(board)
  network.silence()
  await orderFrom(site.url, 'demo-c1', { 'Samosa Chaat': 1 })
  await wakeUp(board)
  await board.locator('.ticket', { hasText: 'C1' }).waitFor()
  await linkIs(board)
  await board.close()
})

t.test('an offline phone: retrying places one order, whose progress is shown once online', async (t) => {
  const customer = await site.visitor({ ...PHONE, ...through })
  const phone = await customer.open('/s/demo-d3')
  await phone.getByRole('button', { name: 'Add one Masala Chai' }).click()
  await phone.getByRole('button', { name: /^Review/ }).click()
  await phone.getByLabel('Cash at your seat').check()

  network.cut()
  await phone.getByRole('button', { name: 'Place order for ₹80' }).click()
  await phone.getByRole('alert').filter({ hasText: 'It’s safe to try again' }).waitFor()
  network.restore()
  await phone.getByRole('button', { name: 'Place order for ₹80' }).click()
  await phone.getByRole('heading', { name: 'We have your order' }).waitFor()
  const id = Number(await phone.locator('main').getAttribute('data-order-id'))
  t.equal(await site.db.order.count({ where: { seat: { token: 'demo-d3' } } }), 1, 'ordered once')

  await linkIs(phone)
  network.cut()
  await linkIs(phone, 'stale')
  const other = await signIn(site.url, 'staff')
  await other.post(`/api/orders/${id}/seen`)
  await other.post(`/api/orders/${id}/deliver`)
  network.restore()
  await wakeUp(phone)
  await phone.getByRole('heading', { name: 'Delivered. Enjoy!' }).waitFor()
})

t.test('a message typed offline is sent when the network is back', async (t) => {
  const chat = await staff.open('/theatre/chat/')
  await linkIs(chat)
  await chat.locator('.chat-row').first().click()
  await chat.getByText('Are you still there?').last().waitFor()
  network.cut()
  await linkIs(chat, 'stale')
  await chat.getByRole('textbox', { name: 'Message' }).fill('Here we are.')
  await chat.keyboard.press('Enter')
  await chat.locator('[data-state=sending]').waitFor()
  network.restore()
  await chat.locator('.bubble.mine[data-message-id]', { hasText: 'Here we are.' }).waitFor()
  t.equal(await site.db.chatMessage.count({ where: { text: 'Here we are.' } }), 1, 'stored once')
  await chat.close()
})

t.test('signed out elsewhere: nothing of the theatre stays on the screen', async (t) => {
  const tablet = await site.staff({ ...TABLET, ...through })
  const board = await tablet.open(BOARD)
  await linkIs(board)
  t.ok((await seats(board)).length > 0)
  const second = await tablet.open('/account')
  await second.getByRole('button', { name: 'Sign out', exact: true }).click()
  await second.getByRole('heading', { name: 'Staff sign-in' }).waitFor()
  await linkIs(board, 'signed-out')
  await board.getByRole('alert').filter({ hasText: 'You were signed out at' }).waitFor()
  t.equal(await board.locator('.ticket, [data-item-total], .unpaid, .ended li').count(), 0)

  await second.getByLabel('Username').fill('staff')
  await second.getByLabel('Password', { exact: true }).fill(DEMO_PASSWORD)
  await second.getByRole('button', { name: 'Sign in' }).click()
  await linkIs(second)
  await linkIs(board)
  t.same(await seats(board), await seats(second), 'the other tab is signed in again too')
})

t.test('signing in again returns to the same page', async () => {
  const tablet = await site.staff({ ...TABLET, ...through })
  const chat = await tablet.open('/theatre/chat/')
  await linkIs(chat)
  await tablet.context.request.post('/api/auth/logout')
  await chat.getByRole('link', { name: 'Sign in' }).click()
  await chat.getByLabel('Username').fill('staff')
  await chat.getByLabel('Password', { exact: true }).fill(DEMO_PASSWORD)
  await chat.getByRole('button', { name: 'Sign in' }).click()
  await chat.getByRole('heading', { name: 'Conversations' }).waitFor()
})

t.test('a captive portal’s page instead of the menu is explained, and retrying loads the menu', async () => {
  const { context } = await site.visitor(PHONE)
  let isPortal = true
  await context.route('**/api/seats/*', (route) =>
    isPortal
      ? route.fulfill({ contentType: 'text/html', body: '<h1>Welcome to our Wi-Fi</h1>' })
      : route.continue(),
  )
  const page = await context.newPage()
  await page.goto('/s/demo-d5')
  await page.getByRole('alert').filter({ hasText: 'This network wants you to sign in first.' }).waitFor()
  isPortal = false
  const menu = page.locator('[data-action=add]').first()
  // it also tries again by itself, which may come first
  await page.getByRole('button', { name: 'Try again' }).or(menu).first().click()
  await menu.waitFor()
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
