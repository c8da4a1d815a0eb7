import t from 'tap'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'
import { until } from '../helpers/until.js'
import { addSecondHall } from './demo-orders.js'
import { linkIs, PHONE, startSite, TABLET } from './site.js'

// The pages for login, account and seat codes.

const site = await startSite(t)
await addSecondHall(site.db)
const SAFARI = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile Safari/604.1'

t.test(
  'login: a wrong password shows an error, the right one continues; a signed-in user is told so',
  async (t) => {
    const visitor = await site.visitor(PHONE)
    const page = await visitor.open('/theatre/seats/')
    await page.getByRole('heading', { name: 'Staff sign-in' }).waitFor()
    t.match(page.url(), /\/login\?next=%2Ftheatre%2Fseats%2F$/)
    await page.getByLabel('Username').fill('staff')
    await page.getByLabel('Password', { exact: true }).fill('nonsense')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').filter({ hasText: 'Wrong username or password.' }).waitFor()
    await page.getByRole('button', { name: 'Show' }).click()
    t.equal(await page.getByLabel('Password', { exact: true }).getAttribute('type'), 'text')
    await page.getByLabel('Password', { exact: true }).fill(DEMO_PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Seat codes' }).waitFor()
    const continueLink = page.getByRole('link', { name: 'Continue' })
    const leadsTo = async (next: string) => {
      await page.goto(`/login?next=${encodeURIComponent(next)}`)
      await continueLink.waitFor()
      return page.evaluate<string>('document.querySelector(".note a").href')
    }
    for (const next of ['/account', '/theatre/chat/#7', '/s/demo-a1', '/orders/7', '/checkout/order_7']) {
      t.equal(await leadsTo(next), `${site.url}${next}`)
    }
    for (const next of [
      'https://elsewhere.example/account',
      '//elsewhere.example/account',
      '/\\elsewhere.example/account',
      '/\t/elsewhere.example/account',
      // the paths of these start with two slashes once their dots are resolved
      '/.//elsewhere.example/account',
      '/x/..//elsewhere.example/account',
      'javascript:alert(1)',
      'account',
      '/api/auth/logout',
      '/account/../api/auth/logout',
      '/account/x',
      '/s/',
      '/s/a/b',
      '/docs',
      '/login',
    ]) {
      t.equal(await leadsTo(next), `${site.url}/theatre/live-orders/`, `${next} is no page to go to`)
    }
  },
)

t.test('Back to a form that was left: no password in it, shown or hidden', async (t) => {
  const page = await (await site.visitor(PHONE)).open('/login')
  for (const show of [false, true]) {
    await page.getByLabel('Username').fill('staff')
    await page.getByLabel('Password', { exact: true }).fill(DEMO_PASSWORD)
    if (show) await page.getByRole('button', { name: 'Show' }).click()
    await page.goto('/healthz')
    await page.goBack()
    t.equal(await page.getByLabel('Password', { exact: true }).inputValue(), '')
  }
})

t.test('account: lists devices, signs out one, signs out all others', async (t) => {
  const desk = await site.staff({ ...TABLET, username: 'staff2' })
  const phone = await site.staff({ ...PHONE, username: 'staff2', userAgent: SAFARI })
  await site.staff({ username: 'staff2', userAgent: 'x' })
  const board = await phone.open('/theatre/live-orders/')
  await linkIs(board)
  const page = await desk.open('/account')
  await page.getByRole('heading', { level: 1, name: 'staff2' }).waitFor()
  const devices = page.locator('.device')
  await devices.nth(2).waitFor()
  t.match(await devices.nth(0).textContent(), /This device/, 'the current device first')
  t.equal(await devices.nth(0).getByRole('button').count(), 0)
  await page.getByRole('button', { name: 'Sign out Safari on iPhone' }).click()
  await page.locator('.device', { hasText: 'Safari on iPhone' }).waitFor({ state: 'detached' })
  await linkIs(board, 'signed-out')
  await page.getByRole('button', { name: 'Sign out all other devices' }).click()
  await until(async () => (await devices.count()) === 1, 'one device to be left')
})

t.test('a device without a user agent still has a name', async () => {
  const silent = await site.staff({ username: 'admin' })
  await site.db.$executeRaw`UPDATE sessions SET user_agent = ''`
  const page = await silent.open('/account')
  await page.getByText('Unknown device').waitFor()
})

t.test('changing the password: validated, changed, and the other devices are signed out', async (t) => {
  const here = await site.staff({ ...PHONE, username: 'admin' })
  const there = await site.staff({ username: 'admin' })
  const elsewhere = await there.open('/theatre/chat/')
  await linkIs(elsewhere)
  const page = await here.open('/account')
  const change = async (current: string, next: string, again: string) => {
    await page.getByLabel('Current password').fill(current)
    await page.getByLabel('New password', { exact: true }).fill(next)
    await page.getByLabel('Confirm new password').fill(again)
    await page.getByRole('button', { name: 'Change password' }).click()
  }
  await change(DEMO_PASSWORD, 'a much better one', 'a much better two')
  await page.getByText('The new passwords don’t match.').waitFor()
  await change('not the current one', 'a much better one', 'a much better one')
  await page.getByText('The current password is incorrect.').waitFor()
  await change(DEMO_PASSWORD, 'a much better one', 'a much better one')
  await page.getByText('Password changed. Your other devices were signed out.').waitFor()
  t.equal(await page.getByLabel('Current password').inputValue(), '')
  await linkIs(elsewhere, 'signed-out')
  await page.reload()
  await page.getByRole('heading', { level: 1, name: 'admin' }).waitFor()
})

t.test('seat codes: each seat’s own link, and complete codes on printed sheets', async (t) => {
  const staff = await site.staff(TABLET)
  const page = await staff.open('/theatre/seats/')
  await page.locator('svg.qr').nth(49).waitFor()
  const first = page.locator('.code').first()
  t.equal(await first.locator('svg.qr').getAttribute('data-link'), `${site.url}/s/demo-a1`)
  t.equal(await first.locator('b').textContent(), 'A1')
  const last = page.locator('.code').last()
  t.equal(await last.locator('svg.qr').getAttribute('data-link'), `${site.url}/s/demo-e10`)

  for (const perSheet of ['1', '4', '12', '20']) {
    await page.getByRole('radio', { name: `${perSheet} per sheet` }).check()
    // not only the number of elements: what does not fit on a sheet would overflow onto the next
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1')
    const pages = pdf.match(/\/Type\s*\/Page\b(?!s)/g)?.length
    t.equal(pages, Math.ceil(50 / Number(perSheet)), `${perSheet} a sheet: so many sheets of paper`)
    await page.emulateMedia({ media: 'print' })
    t.equal(await page.locator('.bar').isVisible(), false, 'no menu on paper')
    const overflowing = await page.evaluate(
      '[...document.querySelectorAll(".code")].filter((code) => code.scrollHeight > code.clientHeight + 1).length',
    )
    t.equal(overflowing, 0, 'each code fits within its cut lines')
    await page.emulateMedia({ media: null })
  }
  await page.getByRole('radio', { name: 'Screen 2' }).check()
  await page.locator('svg.qr[data-link$="/s/b-f8"]').waitFor()
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
