import t, { type Test } from 'tap'
import { launchBrowser } from '../helpers/chromium.js'
import { startRedis } from '../helpers/redis.js'
import { until, untilSame } from '../helpers/until.js'
import { notify, PASSWORD, SITE_KEYS, siteDatabase, startSite } from './django.js'
import { startFront } from './front.js'
import { installTriggers, siteRoutes, startGate } from './gate.js'

/** The site with its gate behind one address, and a browser that has signed in at Django. */
async function scene(t: Test, env: Record<string, string> = {}) {
  const database = await siteDatabase(t)
  await installTriggers(database)
  const site = await startSite(t, database, env)
  const gate = await startGate(t, { database, file: { routes: siteRoutes(site) } })
  const url = await startFront(t, { site: site.port, gate: gate.port })
  const browser = await launchBrowser(t)
  const open = async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${url}/live-orders/`)
    await page.fill('[name=username]', 'staff')
    await page.fill('[name=password]', PASSWORD)
    await page.click('button')
    await page.waitForURL(`${url}/live-orders/`)
    return { context, page, state: () => page.textContent('#state') }
  }
  return { database, site, url, open }
}

t.test('the origin document’s three tests: signed in, signed out, session over', async (t) => {
  const redis = await startRedis(t)
  const { database, site, url, open } = await scene(t, { SITE_REDIS_URL: redis.url })
  const { context, page, state } = await open()
  await untilSame(t, 'the socket is open', state, 'open')
  const html = await page.content()
  t.notOk(
    Object.values(SITE_KEYS).some((key) => html.includes(key)),
    'no key is in the page',
  )
  const frames = [
    '{"updated_table_data": "{\\"msg_typ\\": \\"confirmation\\", \\"order_id\\": 5}"}',
    'आशा ✓ \u2028 <b>',
  ]
  for (const frame of frames) await notify(site, frame)
  await untilSame(t, 'the frames, byte for byte', () => page.locator('#orders li').allTextContents(), frames)

  // a page that anybody can open, which tries the socket with no session
  const stranger = await (await context.browser()?.newContext())?.newPage()
  await stranger?.goto(`${url}/accounts/login/`)
  const code = await stranger?.evaluate(
    () =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://${window.location.host}/ws/all-seat-datasocket/`)
        socket.onclose = (event) => resolve(event.code)
      }),
  )
  t.equal(code, 1006, 'refused before it was open')

  await database.query(`UPDATE django_session SET expire_date = now() - interval '1 second'`)
  await untilSame(t, 'closed as the session is over', state, 'closed 4401 expired')
  await notify(site, 'a secret')
  await page.reload()
  t.match(page.url(), /\/accounts\/login\//)
})

t.test('a log-out in another tab, and a password change', async (t) => {
  const { site, url, open } = await scene(t)
  const [own, other] = [await open(), await open()]
  const tab = await own.context.newPage()
  await tab.goto(`${url}/live-orders/`)
  for (const { state } of [own, other]) await untilSame(t, 'open', state, 'open')
  await tab.goto(`${url}/accounts/password/`)
  await tab.fill('[name=old_password]', PASSWORD)
  await tab.fill('[name=new_password1]', 'another-password-9')
  await tab.fill('[name=new_password2]', 'another-password-9')
  await tab.click('button')
  await tab.waitForURL(`${url}/live-orders/`)
  await untilSame(t, 'the other device is signed out', other.state, 'closed 4401 session ended')
  await untilSame(t, 'the own page has come back by itself', own.state, 'open')
  await notify(site, 'to its own')
  await until(
    async () => (await own.page.locator('#orders li').allTextContents()).includes('to its own'),
    'a frame',
  )
  await tab.goto(`${url}/accounts/logout/`)
  await untilSame(t, 'signed out in another tab', own.state, 'closed 4401 session ended')
})
