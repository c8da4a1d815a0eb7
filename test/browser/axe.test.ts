import type { Page } from 'playwright-core'
import t from 'tap'
import { violations } from './accessibility.js'
import { placeDemoOrders } from './demo-orders.js'
import { SHOTS, type Shot } from './shots.js'
import { PHONE, startSite, TABLET } from './site.js'

// Every page and state of the screenshots: no axe-core violation, dark or light, and no horizontal scrolling.

const site = await startSite(t)
const guests = await placeDemoOrders(site.url, site.db)
const cookiesOf = async (username: string) => (await site.staff({ username })).context.cookies()
const accounts = new Map([
  ['staff', await cookiesOf('staff')],
  ['manager', await cookiesOf('manager')],
])

const COLOURS = ['color-contrast', 'link-in-text-block']

/** How many pixels the page is wider than its screen. */
const overhang = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

async function open(shot: Shot): Promise<{ page: Page; close: () => Promise<void> }> {
  const { context } = await (shot.who === 'staff' && shot.ends ? site.staff : site.visitor)({
    ...(shot.screen === 'phone' ? PHONE : TABLET),
    colorScheme: 'dark',
    reducedMotion: 'reduce',
  })
  const guest = guests.get(shot.who)
  const cookies = [...(guest?.client.cookies ?? [])].map(([name, value]) => ({ name, value, url: site.url }))
  await context.addCookies((shot.ends ? undefined : accounts.get(shot.who)) ?? cookies)
  const page = await context.newPage()
  await page.goto(shot.path.replace('{order}', String(guest?.orderId)))
  await shot.ready(page, { app: site, context, guests })
  return { page, close: () => context.close() }
}

// a printed page has no headings, landmarks or colours of its own
for (const shot of SHOTS.filter(({ name }) => name !== 'seat-codes-print')) {
  t.test(`${shot.name} as ${shot.screen}`, async (t) => {
    const { page, close } = await open(shot)
    t.strictSame(await violations(page), [], 'dark')
    await page.emulateMedia({ colorScheme: 'light' })
    // customers' pages are dark on every device
    await page.evaluate('document.documentElement.dataset.scheme = "light"')
    t.strictSame(await violations(page, COLOURS), [], 'the light scheme differs only in colours')
    t.equal(await overhang(page), 0, 'nothing beyond the edge')
    if (shot.screen === 'tablet') {
      await page.setViewportSize({ width: 360, height: 740 })
      t.equal(await overhang(page), 0, 'nor at 360 px')
    }
    await close()
  })
}

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
