import type { Page } from 'playwright-core'
import t from 'tap'
import { FrontProxy } from '../../scripts/cluster/front-proxy.js'
import { startService } from '../helpers/service.js'
import { makeOtherBuild } from './other-build.js'
import { PHONE, startSite, TABLET } from './site.js'

// Two nodes of different builds behind a proxy that gives each request to the next one: half of a page's files are
// asked of the node that does not have them.

const LOADS = 16

const site = await startSite(t, {}, { worker: true })
const other = await startService(t, {
  pages: makeOtherBuild(t),
  database: site.database,
  env: { RATE_LIMITS: 'off' },
})
const front = new FrontProxy([site.port, other.port])
t.teardown(() => front.close())
const url = `http://127.0.0.1:${await front.listen('127.0.0.1', 0)}`
await front.nodes.probe()
const through = { baseURL: url }
/** ms for a page whose files must be asked for again and again, each time after a longer wait */
const timeout = 120_000

function countLost(page: Page): () => number {
  let lost = 0
  page.on('response', (response) => {
    if (response.status() === 404) lost += 1
  })
  return () => lost
}

t.test(
  'a file of another build is 404 and not stored; boot.js is on every node, checked each time',
  async (t) => {
    for (const node of [site, other]) {
      const missing = await fetch(`${node.url}/assets/seat-00000000.js`)
      t.equal(missing.status, 404)
      t.equal(missing.headers.get('cache-control'), 'no-store')
      const boot = await fetch(`${node.url}/assets/boot.js`)
      t.equal(boot.status, 200)
      t.equal(boot.headers.get('cache-control'), 'no-cache')
    }
  },
)

t.test(`${LOADS} phones open the menu: none stays empty`, async (t) => {
  let lost = 0
  for (let load = 0; load < LOADS; load += 1) {
    const visitor = await site.visitor({ ...PHONE, ...through, locale: load % 4 === 0 ? 'hi-IN' : 'en-IN' })
    const page = await visitor.context.newPage()
    const lostHere = countLost(page)
    await page.goto('/s/demo-a1')
    await page.locator('[data-action=add]').first().waitFor({ timeout })
    await page.locator('#boot').waitFor({ state: 'detached' })
    lost += lostHere()
    await visitor.context.close()
  }
  t.ok(lost > 0, `${lost} files were asked of the wrong node`)
})

t.test('one phone opens the menu again and again', async (t) => {
  const { context } = await site.visitor({ ...PHONE, ...through })
  const page = await context.newPage()
  for (let load = 0; load < LOADS; load += 1) {
    await page.goto('/s/demo-a1')
    await page.locator('[data-action=add]').first().waitFor({ timeout })
  }
  t.equal(await page.evaluate('sessionStorage.getItem("houselights.reloads")'), null, 'no count is left')
})

t.test('the staff’s pages come up too, and the codes with their codes', async (t) => {
  for (const [path, ready] of [
    ['/theatre/live-orders/', '[data-link-state=live]'],
    ['/theatre/chat/', '[data-link-state=live]'],
    ['/theatre/seats/', 'svg.qr'],
    ['/account', '.device'],
  ] as const) {
    const tablet = await site.staff({ ...TABLET, ...through })
    const page = await tablet.open(path)
    await page.locator(ready).first().waitFor({ timeout })
    t.pass(path)
    await tablet.context.close()
  }
})

t.test('the page was sent before the last node of its build ended: the new build’s page comes', async (t) => {
  const { context } = await site.visitor({ ...PHONE, baseURL: site.url })
  let documents = 0
  await context.route('**/s/demo-a1', async (route) => {
    if (!route.request().isNavigationRequest()) return route.continue()
    documents += 1
    // the first one comes from the node that has just ended
    if (documents > 1) return route.continue()
    await route.fulfill({ response: await route.fetch({ url: `${other.url}/s/demo-a1` }) })
  })
  const page = await context.newPage()
  await page.goto('/s/demo-a1')
  await page.locator('[data-action=add]').first().waitFor({ timeout })
  t.equal(documents, 2, 'one reload')
})
