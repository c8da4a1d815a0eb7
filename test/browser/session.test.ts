import type { Page } from 'playwright-core'
import t from 'tap'
import { orderFrom } from '../helpers/customers.js'
import { startService } from '../helpers/service.js'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'
import { linkIs, startSite, TABLET } from './site.js'

// A session that is about to expire: the warning, staying signed in, and what is left after the end.

/** seconds; the warning is shown sixty before the end, here at once, and staying prolongs the session noticeably */
const SHORT = 12
const site = await startSite(t, { SESSION_COOKIE_AGE: String(SHORT) }, { worker: true })
await orderFrom(site.url, 'demo-a1', { 'Masala Chai': 1 })
const BOARD = '/theatre/live-orders/'

async function secondsLeft(page: Page): Promise<number> {
  const text = await page.locator('#expiring-title').textContent()
  return Number(/in 0:(\d\d)/.exec(text ?? '')?.[1])
}

t.test('a warning that is announced, and one touch to stay signed in', async (t) => {
  const staff = await site.staff(TABLET)
  const board = await staff.open(BOARD)
  await linkIs(board)
  const warning = board.getByRole('alertdialog', { name: /^You’ll be signed out in 0:/ })
  await warning.waitFor()
  const stay = warning.getByRole('button', { name: 'Stay signed in' })
  await board.locator('[data-action=stay]:focus').waitFor()
  await board.locator('#expiring-title', { hasText: /in 0:0[0-7]/ }).waitFor()
  const before = await secondsLeft(board)
  await board.keyboard.press('Enter')
  await board.locator('#expiring-title', { hasText: /in 0:(0[89]|1\d)/ }).waitFor()
  t.ok((await secondsLeft(board)) > before, 'the session has more time')
  t.equal(await stay.count(), 1, 'it can be prolonged again')
})

t.test('one touch applies to all tabs, before the service notifies them', async (t) => {
  const staff = await site.staff(TABLET)
  const chat = await staff.context.newPage()
  let told = 0
  await chat.routeWebSocket(/chat-socket/, (socket) => {
    socket.connectToServer().onMessage((frame) => {
      if (!String(frame).includes('"expiring"')) return socket.send(frame)
      told += 1
      if (told === 1) socket.send(frame)
    })
  })
  await chat.goto('/theatre/chat/')
  const board = await staff.open(BOARD)
  await Promise.all([linkIs(board), linkIs(chat)])
  await chat.locator('#expiring-title', { hasText: /in 0:0[1-6]/ }).waitFor()
  await board.getByRole('button', { name: 'Stay signed in' }).click()
  await chat.locator('#expiring-title', { hasText: /in 0:(0[89]|1\d)/ }).waitFor()
  t.equal(await chat.getByRole('alertdialog').count(), 1)
})

t.test('without a touch: signed out, and nothing of the theatre stays on the screen', async (t) => {
  const staff = await site.staff(TABLET)
  const board = await staff.open(BOARD)
  await linkIs(board)
  t.equal(await board.locator('.ticket').count(), 1)
  await linkIs(board, 'signed-out')
  t.equal(await board.locator('.ticket').count(), 0)
  t.equal(await board.getByRole('alertdialog').count(), 0, 'the warning is over')
  await board.getByRole('link', { name: 'Sign in' }).click()
  await board.getByRole('heading', { name: 'Staff sign-in' }).waitFor()
})

t.test('kept for the shift: no idle timeout, so no warning', async (t) => {
  const tablet = await site.visitor(TABLET)
  const page = await tablet.open('/login')
  await page.getByLabel('Username').fill('staff')
  await page.getByLabel('Password', { exact: true }).fill(DEMO_PASSWORD)
  await page.getByLabel('Keep this screen signed in for the shift').check()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await linkIs(page)
  const { expiresAt } = await (await tablet.context.request.get('/api/auth/session')).json()
  t.ok(Date.parse(expiresAt) - Date.now() > 11 * 3_600_000, 'only the absolute age limits the session')
  t.equal(await page.getByRole('alertdialog').count(), 0)
})

t.test('with more than a minute left the warning closes at the touch', async () => {
  const longer = await startService(t, {
    pages: true,
    database: site.database,
    env: { RATE_LIMITS: 'off', SESSION_COOKIE_AGE: '63' },
  })
  const staff = await site.staff({ ...TABLET, baseURL: longer.url })
  const board = await staff.open(BOARD)
  const warning = board.getByRole('alertdialog')
  await warning.getByRole('button', { name: 'Stay signed in' }).click()
  await warning.waitFor({ state: 'detached' })
})

t.test('an absolute end is shown as one that cannot be extended', async () => {
  const staff = await site.staff(TABLET)
  await site.db.$executeRaw`UPDATE sessions SET absolute_ends_at = now() + interval '11 seconds'
    WHERE created_at = (SELECT max(created_at) FROM sessions)`
  const board = await staff.open(BOARD)
  const warning = board.getByRole('alertdialog')
  await warning.getByRole('button', { name: 'Stay signed in' }).click()
  await warning.getByText('and can’t be extended. Sign in again to continue.').waitFor()
  await warning.getByRole('link', { name: 'Sign in again' }).waitFor()
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
