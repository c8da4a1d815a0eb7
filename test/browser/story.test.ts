import type { Page } from 'playwright-core'
import t from 'tap'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'
import { linkIs, openEnded, PHONE, startSite, TABLET } from './site.js'

// One order from start to end, in two browsers that share only the service.

const site = await startSite(t)
const staff = await site.visitor(TABLET)
const customer = await site.visitor(PHONE)
const ticket = (page: Page, seat: string) =>
  page.getByRole('article', { name: `Screen 1 ${seat}`, exact: true })
const head = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor()

async function addToCart(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Add one ${name}` }).click()
}

async function orderTotal(page: Page, amount: string): Promise<void> {
  await page.getByRole('button', { name: /^Review/ }).click()
  await page.getByRole('button', { name: new RegExp(`^Order and pay ${amount}$`) }).click()
}

let board: Page
let phone: Page
let orderPath: string

t.test('the staff sign in and see an empty board, live', async (t) => {
  board = await staff.open('/theatre/live-orders/')
  await board.getByRole('heading', { name: 'Staff sign-in' }).waitFor()
  await board.getByLabel('Username').fill('staff')
  await board.getByLabel('Password', { exact: true }).fill('wrong')
  await board.getByRole('button', { name: 'Sign in' }).click()
  await board.getByRole('alert').filter({ hasText: 'Wrong username or password.' }).waitFor()
  await board.getByLabel('Password', { exact: true }).fill(DEMO_PASSWORD)
  await board.getByRole('button', { name: 'Sign in' }).click()
  await head(board, /0 open orders/)
  await linkIs(board)
  t.match(board.url(), /\/theatre\/live-orders\/$/, 'returned to the page that was requested')
  await board.evaluate('window.never = "reloaded"')
})

t.test('a cart survives a reload', async (t) => {
  phone = await customer.open('/s/demo-c7')
  await head(phone, /Order to your seat/)
  await addToCart(phone, 'Salted Popcorn')
  await addToCart(phone, 'Salted Popcorn')
  await addToCart(phone, 'Masala Chai')
  await phone.getByRole('status').filter({ hasText: '3 items' }).waitFor()
  await phone.reload()
  await phone.getByRole('status').filter({ hasText: '3 items' }).waitFor()
  t.equal(await phone.locator('.cart-bar').getAttribute('data-cart-count'), '3')
})

t.test('a stored cart of another version is ignored', async () => {
  const { context } = await site.visitor(PHONE)
  await context.addInitScript(
    `if (origin !== 'null') localStorage.setItem('houselights.cart.demo-d5', '{"key":"k","lines":[{"menuItemId":"1"}]}')`,
  )
  const page = await context.newPage()
  await page.goto('/s/demo-d5')
  await addToCart(page, 'Masala Chai')
  await page.locator('.cart-bar[data-cart-count="1"]').waitFor()
})

t.test('an unpaid order is not on the board as a ticket', async (t) => {
  await orderTotal(phone, '₹440')
  await phone.waitForURL(/\/checkout\//)
  await head(phone, /₹440/)
  await board.getByRole('region', { name: 'Waiting for payment' }).getByText('C7').waitFor()
  t.equal(await board.locator('.ticket').count(), 0)
})

t.test('a payment that fails can be tried again', async (t) => {
  await phone.getByRole('button', { name: 'Simulate a failed payment' }).click()
  await head(phone, 'Payment failed')
  orderPath = new URL(phone.url()).pathname
  t.match(orderPath, /^\/orders\/\d+$/)
  await board.getByRole('region', { name: 'Waiting for payment' }).getByText('payment failed').waitFor()
  await phone.getByRole('button', { name: 'Try again: pay ₹440' }).click()
  await phone.getByRole('button', { name: 'Pay ₹440' }).click()
  await head(phone, 'We have your order')
  t.equal(new URL(phone.url()).pathname, orderPath, 'it is the same order')
})

t.test('the board shows the order the moment it is paid, without a reload', async (t) => {
  await ticket(board, 'C7').waitFor()
  await ticket(board, 'C7').getByText('Salted Popcorn').waitFor()
  t.equal(await ticket(board, 'C7').getAttribute('data-payment-status'), 'paid')
  t.match(await board.title(), /^\(1\) /, 'the count is in the title')
  t.equal(await board.evaluate('window.never'), 'reloaded')
})

t.test('seen and delivered: the customer’s page shows each step live', async (t) => {
  await phone.evaluate('window.never = "reloaded"')
  await ticket(board, 'C7').getByRole('button', { name: 'Seen' }).click()
  await head(phone, 'Your order is being prepared')
  await phone.locator('[data-step=seen][data-done=true]').waitFor()
  await ticket(board, 'C7').getByRole('button', { name: 'Delivered' }).click()
  await head(phone, 'Delivered. Enjoy!')
  await head(board, /0 open orders/)
  await board.getByText('Delivered and cancelled (1)').waitFor()
  await openEnded(board)
  await board.locator('.ended [data-status=delivered]').getByText('C7').waitFor()
  t.equal(await phone.evaluate('window.never'), 'reloaded')
})

t.test('a cash order is on the board at once, marked as cash, and collected', async () => {
  await phone.goto('/s/demo-c7')
  await addToCart(phone, 'Cheese Nachos')
  await phone.getByRole('button', { name: /^Review/ }).click()
  await phone.getByLabel('Cash at your seat').check()
  await phone.getByRole('button', { name: 'Place order for ₹240' }).click()
  await head(phone, 'We have your order')
  await phone.getByRole('region', { name: 'Payment' }).getByText('Please have ₹240 in cash ready.').waitFor()
  await ticket(board, 'C7').getByText('Collect ₹240').waitFor()
  await ticket(board, 'C7').getByRole('button', { name: 'Cash received' }).click()
  await ticket(board, 'C7').getByText('Paid in cash').waitFor()
  await phone.getByRole('region', { name: 'Payment' }).getByText('Paid. Thank you.').waitFor()
})

t.test('a customer who closes the page and scans again finds the order', async (t) => {
  const running = new URL(phone.url()).pathname
  await phone.close()
  phone = await customer.open('/s/demo-c7')
  const found = phone.getByRole('region', { name: 'Your orders' }).getByRole('link')
  await found.waitFor()
  t.equal(await found.count(), 1, 'delivered orders are not listed')
  await found.click()
  await head(phone, 'We have your order')
  t.equal(new URL(phone.url()).pathname, running)
  await phone.goto('/s/demo-c8')
  await head(phone, /Order to your seat/)
  t.equal(await phone.locator('.running').count(), 0, 'orders of another seat are not listed')
})

t.test('no other user sees the order', async () => {
  const stranger = await site.visitor(PHONE)
  const page = await stranger.open(orderPath)
  await page.getByText('Order not found').waitFor()
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
