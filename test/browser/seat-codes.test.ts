import t from 'tap'
import { startService } from '../helpers/service.js'
import { startSite, TABLET } from './site.js'

// What the printed codes name.

const site = await startSite(t)

t.test('without PUBLIC_URL the codes name the page’s own address; a private one is warned of', async (t) => {
  const staff = await site.staff(TABLET)
  const page = await staff.open('/theatre/seats/')
  t.equal(await page.locator('svg.qr').first().getAttribute('data-link'), `${site.url}/s/demo-a1`)
  const warning = page.locator('[data-notice=private-address]')
  t.match(await warning.textContent(), `Don’t print these yet: they open ${site.url}`)
  await page.emulateMedia({ media: 'print' })
  t.notOk(await warning.isVisible(), 'the warning is not printed')
})

t.test('with PUBLIC_URL they name that, and nothing is warned of', async (t) => {
  const node = await startService(t, {
    pages: true,
    database: site.database,
    env: { RATE_LIMITS: 'off', PUBLIC_URL: 'https://order.example.com/' },
  })
  const staff = await site.staff({ ...TABLET, baseURL: node.url })
  const page = await staff.open('/theatre/seats/')
  const first = page.locator('.code').first()
  t.equal(await first.locator('svg.qr').getAttribute('data-link'), 'https://order.example.com/s/demo-a1')
  t.equal(await first.locator('a').getAttribute('href'), 'https://order.example.com/s/demo-a1')
  t.equal(await page.locator('[data-notice=private-address]').count(), 0)
})

t.test('while the seats can’t be read there is nothing to print', async (t) => {
  const staff = await site.staff(TABLET)
  await staff.context.route('**/api/theatres/*/seats', (route) => route.abort())
  const page = await staff.open('/theatre/seats/')
  await page.getByRole('alert').filter({ hasText: 'No connection' }).waitFor()
  t.ok(await page.locator('[data-action=print]').isDisabled())
  t.equal(await page.locator('.code').count(), 0)
})
