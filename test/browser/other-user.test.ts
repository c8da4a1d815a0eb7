import type { Page, WebSocketRoute } from 'playwright-core'
import t from 'tap'
import { createClient } from '../helpers/http-client.js'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'
import { untilSame } from '../helpers/until.js'
import { linkIs, PHONE, startSite, TABLET, type Visitor } from './site.js'

// Tabs share the cookie: a page that is open when somebody else signs in must not go on for the wrong user.

const site = await startSite(t, {}, { worker: true })
const works = async (username: string, password: string) =>
  (await createClient(site.url).post('/api/auth/login', { username, password })).status === 200
const isOf = (page: Page, name: string) =>
  page.getByRole('heading', { level: 1, name, exact: true }).waitFor()

/** Signs in as this user without any page's knowledge, as a page of an older release would. */
async function replaceSession({ context }: Visitor, username: string): Promise<void> {
  const data = { username, password: DEMO_PASSWORD }
  const answer = await context.request.post('/api/auth/login', { data })
  if (!answer.ok()) throw new Error(`The login was answered ${answer.status()}.`)
}

async function signInOn(page: Page, username: string): Promise<void> {
  await page.goto('/login')
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password', { exact: true }).fill(DEMO_PASSWORD)
  await page.keyboard.press('Enter')
  await linkIs(page)
}

t.test('a sign-in in another tab: open pages become the new user’s by themselves', async (t) => {
  const browser = await site.staff(TABLET)
  const account = await browser.open('/account')
  const board = await browser.open('/theatre/live-orders/')
  await isOf(account, 'staff')
  await linkIs(board)
  await board.evaluate('globalThis.isOld = true')
  await signInOn(await browser.open('/healthz'), 'manager')
  await isOf(account, 'manager')
  await board.getByRole('link', { name: 'Today' }).waitFor()
  t.equal(await board.evaluate('globalThis.isOld === true'), false, 'the board too')
  await linkIs(board)
})

t.test('the same user again: a page goes on', async (t) => {
  await site.staff()
  const browser = await site.staff(TABLET)
  const account = await browser.open('/account')
  await isOf(account, 'staff')
  await account.evaluate('globalThis.isOld = true')
  await signInOn(await browser.open('/healthz'), 'staff')
  await account.getByRole('button', { name: 'Sign out all other devices' }).click()
  await untilSame(t, 'one device is left', () => account.locator('.device').count(), 1)
  t.equal(await account.evaluate('globalThis.isOld'), true)
})

t.test('a sign-out in another tab: pages show nothing of the user any more', async () => {
  const browser = await site.staff(TABLET)
  const seats = await browser.open('/theatre/seats/')
  await seats.locator('.code').first().waitFor()
  const account = await browser.open('/account')
  await account.getByRole('button', { name: 'Sign out', exact: true }).click()
  await seats.getByRole('heading', { name: 'Staff sign-in' }).waitFor()
})

t.test('the password form of one user does not change another’s password', async (t) => {
  const browser = await site.staff(TABLET)
  const page = await browser.open('/account')
  await isOf(page, 'staff')
  await page.getByLabel('Current password').fill(DEMO_PASSWORD)
  await page.getByLabel('New password', { exact: true }).fill('a much better one')
  await page.getByLabel('Confirm new password').fill('a much better one')
  await replaceSession(browser, 'manager')
  await page.getByRole('button', { name: 'Change password' }).click()
  await isOf(page, 'manager')
  t.ok(await works('manager', DEMO_PASSWORD))
  t.ok(await works('staff', DEMO_PASSWORD))
  t.equal(await page.getByLabel('Current password').inputValue(), '')
})

t.test('the sign-out button of one user does not sign out another', async (t) => {
  const browser = await site.staff(TABLET)
  const page = await browser.open('/account')
  await isOf(page, 'staff')
  await replaceSession(browser, 'manager')
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await isOf(page, 'manager')
  t.equal((await browser.context.request.get('/api/auth/session')).status(), 200)
})

t.test('a socket that comes back for another user: the board starts afresh', async (t) => {
  const browser = await site.staff({ ...TABLET, username: 'staff2' })
  const board = await browser.context.newPage()
  const sockets: WebSocketRoute[] = []
  await board.routeWebSocket(/all-seat-datasocket/, (socket) => {
    // The page does not see that its session ends.
    socket.connectToServer().onClose(() => {})
    sockets.push(socket)
  })
  await board.goto('/theatre/live-orders/')
  await linkIs(board)
  await board.getByText('Riverside').first().waitFor()
  await board.evaluate('globalThis.isOld = true')
  await replaceSession(browser, 'staff')
  await sockets[0]?.close({ code: 1012, reason: 'retry=0' })
  await board.getByText('Grand Cinema').first().waitFor()
  t.equal(await board.evaluate('globalThis.isOld === true'), false)
})

t.test('a customer’s cart survives a change of user, and nothing is ordered for the wrong one', async (t) => {
  const phone = await site.visitor(PHONE)
  const guest = await (await phone.context.request.post('/api/auth/guest', { data: {} })).json()
  const page = await phone.open('/s/demo-b1')
  const button = page.getByRole('button', { name: /^Place order/ })
  await page.getByRole('button', { name: 'Add one Masala Chai' }).click()
  await replaceSession(phone, 'staff')
  await page.getByRole('button', { name: /^Review/ }).click()
  await page.getByLabel('Cash at your seat').check()
  await button.click()
  await page.locator('.cart-bar[data-cart-count="1"]').waitFor()
  await button.waitFor({ state: 'detached' })
  t.equal(await site.db.order.count({ where: { seat: { token: 'demo-b1' } } }), 0)
  await page.getByRole('button', { name: /^Review/ }).click()
  await page.getByLabel('Cash at your seat').check()
  await button.click()
  await page.getByRole('heading', { level: 1, name: 'We have your order' }).waitFor()
  const [order] = await site.db.order.findMany({ where: { seat: { token: 'demo-b1' } } })
  t.not(order?.customerId, guest.user.id)
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
