import type { Page, Route } from 'playwright-core'
import t from 'tap'
import { PATIENCE, within } from '../helpers/deadline.js'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'
import { untilSame } from '../helpers/until.js'
import { PHONE, startSite, TABLET, type Visitor } from './site.js'

// Back shows a page as it was left (the back/forward cache), or asks for it again: neither shows what is not the user's.

const site = await startSite(t, {}, { backForwardCache: true, worker: true })
const ELSEWHERE = '/healthz'

/** Leaves the page, calls `meanwhile`, goes back, and asserts that the browser has shown the page as it was left. */
async function leaveAndReturn(page: Page, meanwhile: () => Promise<unknown>): Promise<void> {
  await page.evaluate('globalThis.isOld = true')
  await page.goto(ELSEWHERE)
  await meanwhile()
  await page.goBack({ waitUntil: 'commit' })
}
const isOld = (page: Page) => page.evaluate('globalThis.isOld === true').catch(() => null)
const isConcealed = (page: Page) =>
  page.evaluate('getComputedStyle(document.querySelector("#app h1")).visibility === "hidden"')

/**
 * Resolves with the next request to that path, which waits. The requests stay intercepted to the end of the test: Chromium
 * may never answer one that is under way when the interception ends, and the page that follows would not come up.
 */
function holdNext({ context }: Visitor, path: string): Promise<Route> {
  return new Promise((resolve) => {
    let isHeld = false
    void context.route(`**${path}`, (route) => {
      if (isHeld) return route.fallback()
      isHeld = true
      resolve(route)
    })
  })
}

/** Stops the next check of the session; returns how to let it go on. */
async function holdSessionCheck(visitor: Visitor): Promise<(how: 'continue' | 'abort') => Promise<void>> {
  const held = holdNext(visitor, '/api/auth/session')
  return async (how) => (await within(held, PATIENCE, 'the page to check the session'))[how]()
}

const login = async ({ context }: Visitor, username: string) => {
  const data = { username, password: DEMO_PASSWORD }
  const answer = await context.request.post('/api/auth/login', { data })
  if (!answer.ok()) throw new Error(`The login was answered ${answer.status()}.`)
}
const signInForm = (page: Page) => page.getByRole('heading', { name: 'Staff sign-in' }).waitFor()
const password = (page: Page) => page.getByLabel('Password', { exact: true })

t.test('after the session’s end Back shows nothing of it, not for a moment', async (t) => {
  for (const path of ['/account', '/theatre/seats/']) {
    const staff = await site.staff(TABLET)
    const page = await staff.open(path)
    await page
      .locator(path === '/account' ? '.device' : '.code')
      .first()
      .waitFor()
    const proceed = await holdSessionCheck(staff)
    await leaveAndReturn(page, () => staff.context.request.post('/api/auth/logout'))
    await untilSame(t, `${path}: as it was left`, () => isOld(page), true)
    t.equal(await isConcealed(page), true, 'hidden while it is not known whose it is')
    t.equal(await page.getByText('Live orders').isVisible(), false)
    await proceed('continue')
    await signInForm(page)
    t.equal(new URL(page.url()).searchParams.get('next'), path)
  }
})

t.test('signed out on the page itself: Back leads to the sign-in too', async (t) => {
  const staff = await site.staff(TABLET)
  const page = await staff.open('/theatre/seats/')
  await page.locator('.code').first().waitFor()
  await page.getByRole('link', { name: 'Account' }).click()
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await signInForm(page)
  t.equal(page.url(), `${site.url}/login`)
  await page.goBack({ waitUntil: 'commit' })
  await page.waitForURL(/\/login\?next=%2Ftheatre%2Fseats%2F$/)
  await signInForm(page)
  t.equal(await page.locator('.code').count(), 0)
})

t.test('the user’s own page comes back as it was, once the session is known to live', async (t) => {
  const staff = await site.staff(TABLET)
  const page = await staff.open('/account')
  const field = page.getByLabel('New password', { exact: true })
  await field.fill('half a passw')
  const proceed = await holdSessionCheck(staff)
  await leaveAndReturn(page, async () => {})
  await untilSame(t, 'as it was left', () => isOld(page), true)
  await proceed('abort')
  await page.getByRole('status').filter({ hasText: 'No connection.' }).waitFor()
  t.equal(await isConcealed(page), true, 'without an answer it stays hidden, and says why')
  await page.getByRole('heading', { level: 1, name: 'staff' }).waitFor()
  t.equal(await isOld(page), true, 'shown, not loaded again')
  t.equal(await page.locator('.cover').count(), 0)
  t.equal(await field.inputValue(), '', 'without the password')
})

t.test('somebody else signed in meanwhile: the page becomes theirs', async (t) => {
  const browser = await site.staff(TABLET)
  const page = await browser.open('/account')
  await page.getByRole('heading', { level: 1, name: 'staff' }).waitFor()
  await leaveAndReturn(page, () => login(browser, 'manager'))
  await page.getByRole('heading', { level: 1, name: 'manager' }).waitFor()
  await untilSame(t, 'loaded again', () => isOld(page), false)
})

t.test('a tab that was frozen in the background is checked as well', async (t) => {
  const browser = await site.staff(TABLET)
  const page = await browser.open('/account')
  const field = page.getByLabel('New password', { exact: true })
  await field.focus()
  // Playwright's pages always count as visible, and those are never frozen.
  const freeze = (event: 'freeze' | 'resume') =>
    page.evaluate(`document.dispatchEvent(new Event("${event}"))`)
  await freeze('freeze')
  t.equal(await isConcealed(page), true)
  await freeze('resume')
  await field.and(page.locator(':focus')).waitFor()
  t.equal(await isConcealed(page), false, 'the user’s own, and the focus is where it was')
  await freeze('freeze')
  await login(browser, 'manager')
  await freeze('resume')
  await page.getByRole('heading', { level: 1, name: 'manager' }).waitFor()
})

t.test('after sleep too: a page without a socket learns that its session has ended', async (t) => {
  const staff = await site.staff(TABLET)
  const page = await staff.context.newPage()
  await page.clock.install()
  await page.goto('/account')
  await page.getByRole('heading', { level: 1, name: 'staff' }).waitFor()
  await page.clock.pauseAt((await page.evaluate<number>('Date.now()')) + 1000)
  await staff.context.request.post('/api/auth/logout')
  const proceed = await holdSessionCheck(staff)
  await page.clock.fastForward(15_000)
  await untilSame(t, 'hidden at once', () => isConcealed(page), true)
  await page.clock.resume()
  await proceed('continue')
  await signInForm(page)
})

t.test('the login: no password in it after Back, and it can be used again', async (t) => {
  const visitor = await site.visitor(TABLET)
  const page = await visitor.open('/login')
  await page.getByLabel('Username').fill('staff')
  await password(page).fill(DEMO_PASSWORD)
  await page.getByRole('button', { name: 'Show' }).click()
  const held = holdNext(visitor, '/api/auth/login')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Signing in…' }).waitFor()
  t.equal(await password(page).inputValue(), '', 'gone with the submit')
  t.equal(await password(page).getAttribute('type'), 'password', 'and hidden again')
  await password(page).fill('typed meanwhile')
  await leaveAndReturn(page, async () => (await within(held, PATIENCE, 'the login')).abort().catch(() => {}))
  await untilSame(t, 'as it was left', () => isOld(page), true)
  await page.getByRole('button', { name: 'Sign in', disabled: false }).waitFor()
  t.equal(await password(page).inputValue(), '')
  await password(page).fill(DEMO_PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/theatre/live-orders/')
  await page.goBack({ waitUntil: 'commit' })
  t.equal(page.url(), 'about:blank', 'a sign-in leaves no form behind')
})

t.test('a wrong password does not stay in the field', async (t) => {
  const page = await (await site.visitor(TABLET)).open('/login')
  await page.getByLabel('Username').fill('staff')
  await password(page).fill('nonsense')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').filter({ hasText: 'Wrong username or password.' }).waitFor()
  t.equal(await password(page).inputValue(), '')
  t.equal(await page.getByLabel('Username').inputValue(), 'staff')
  t.equal(await page.evaluate('document.activeElement.id'), 'password', 'it can be typed at once')
})

t.test('back from the payment: the menu can be used again, and lists the order', async (t) => {
  const phone = await site.visitor(PHONE)
  const page = await phone.open('/s/demo-a1')
  await page.getByRole('button', { name: 'Add one Masala Chai' }).click()
  await page.getByRole('button', { name: /^Review/ }).click()
  await page.evaluate('globalThis.isOld = true')
  await page.getByRole('button', { name: /^Order and pay/ }).click()
  await page.waitForURL('**/checkout/**')
  await page.goBack({ waitUntil: 'commit' })
  await untilSame(t, 'as it was left', () => isOld(page), true)
  await page.locator('.running a[data-status=placed]').waitFor({ state: 'attached' })
  await untilSame(t, 'no button is stuck', () => page.locator('button:disabled:visible').count(), 0)
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
