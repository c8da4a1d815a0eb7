import t from 'tap'
import { launchBrowser } from '../helpers/chromium.js'
import { startService } from '../helpers/service.js'

t.test(
  '/docs lists and calls the API under the Content-Security-Policy, without another origin',
  async (t) => {
    const { url } = await startService(t)
    const browser = await launchBrowser(t)
    const page = await browser.newPage()
    const errors: string[] = []
    const foreign: string[] = []
    // Chromium reports policy violations on the console
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text())
    })
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== url) foreign.push(request.url())
    })

    await page.goto(`${url}/docs`)
    const call = (method: string, path: string) =>
      page.locator('.opblock', { has: page.getByText(method, { exact: true }) }).filter({ hasText: path })
    await call('GET', '/healthz').waitFor()
    for (const path of ['/api/auth/login', '/api/orders/', '/webhooks/payments']) {
      t.ok((await call('POST', path).count()) > 0, path)
    }
    t.equal(await page.getByRole('link', { name: 'AsyncAPI' }).getAttribute('href'), '/docs/asyncapi.json')

    // rendered only on demand: a schema, the forms, the response
    await call('POST', '/api/auth/login').locator('.opblock-summary-control').click()
    await call('POST', '/api/auth/login').getByText('Schema').first().click()
    const probe = call('GET', '/healthz')
    await probe.locator('.opblock-summary-control').click()
    await probe.getByRole('button', { name: 'Try it out' }).click()
    await probe.getByRole('button', { name: 'Execute' }).click()
    await probe.locator('.live-responses-table').getByText('"ok"').waitFor()

    t.same(errors, [])
    t.same(foreign, [])
  },
)
