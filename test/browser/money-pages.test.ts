import type { BrowserContext, Locator, Page } from 'playwright-core'
import t from 'tap'
import { launchBrowser } from '../helpers/chromium.js'
import { PATIENCE } from '../helpers/deadline.js'
import type { HttpClient } from '../helpers/http-client.js'
import { untilSame } from '../helpers/until.js'
import { CANCELLED, CASH, type Case, LATE, REFUNDS, WEBHOOKS } from '../payments/money-cases.js'
import { summarize } from '../payments/money-pages.js'
import { MoneyScene } from '../payments/money-scene.js'
import { linkIs, PHONE, TABLET } from './site.js'

// A sample of the money cases, on the pages themselves: they show what the table says.

const SAMPLE: [table: Case[], name: string][] = [
  [WEBHOOKS, 'a payment'],
  [WEBHOOKS, 'authorized only'],
  [WEBHOOKS, 'a failure'],
  [REFUNDS, '₹10 of ₹180'],
  [REFUNDS, 'all before its capture'],
  [LATE, 'after the time, not given back yet'],
  [LATE, 'a second one, not given back yet'],
  [CANCELLED, 'refunded in part'],
  [CANCELLED, 'unpaid'],
  [CASH, 'after a failure'],
  [CASH, 'an online capture once it was collected'],
]

const browser = await launchBrowser(t)

async function profileOf(scene: MoneyScene, client: HttpClient, options: object): Promise<BrowserContext> {
  const { url } = scene.service
  const context = await browser.newContext({ baseURL: url, locale: 'en-IN', ...options })
  context.setDefaultTimeout(PATIENCE)
  t.teardown(() => context.close())
  await context.addCookies([...client.cookies].map(([name, value]) => ({ name, value, url })))
  return context
}

async function open(context: BrowserContext, path: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(path)
  await linkIs(page)
  return page
}

const textsOf = async (found: Locator): Promise<string[]> =>
  (await found.allTextContents()).map((text) => text.replace(/^ · /, '').trim())

async function shownToCustomer(page: Page): Promise<string> {
  const payment = page.locator('.payment')
  const state = (await payment.getAttribute('data-money').catch(() => null)) ?? 'none'
  const [pay = null] = await textsOf(page.locator('[data-action=pay]'))
  return summarize({ state, texts: await textsOf(payment.locator('.payment-text')), pay })
}

/** The parts of the board in which the order is, and where each says something of its money. */
async function shownToStaff(board: Page, orderId: number): Promise<string> {
  const region = (name: string) => board.getByRole('region', { name, exact: true })
  const places: [name: string, within: Locator, money: string][] = [
    ['ticket', board.locator('.board'), '.cash.refunded, .cash.collected, .cash span'],
    ['unpaid', region('Waiting for payment'), 'em'],
    ['cash-owed', region('Delivered, cash due'), 'span:nth-of-type(2)'],
    ['refunds', region('Refunds due'), 'span:last-of-type'],
    ['ended', board.locator('.ended'), '.refund'],
  ]
  const names: string[] = []
  const said = new Set<string>()
  for (const [name, within, money] of places) {
    const entry = within.locator(`[data-order-id="${orderId}"]`)
    if ((await entry.count()) === 0) continue
    names.push(name)
    for (const text of await textsOf(entry.locator(money))) said.add(text)
  }
  return [names.join(' '), ...said].join(': ')
}

t.test('the pages show what the table of money cases says', async (t) => {
  const scene = await MoneyScene.open(t, { pages: true })
  const board = await open(await profileOf(scene, scene.people.staff, TABLET), '/theatre/live-orders/')
  for (const [table, wanted] of SAMPLE) {
    const found = table.find(([name]) => name === wanted)
    if (!found) throw new Error(`no case “${wanted}”`)
    const [name, steps, , , , , , customer, staff] = found
    await scene.play(steps)
    const { orderId } = scene
    const context = await profileOf(scene, scene.customer, PHONE)
    const page = await open(context, `/orders/${orderId}`)
    await page.locator(`main[data-order-id="${orderId}"]`).waitFor()
    await untilSame(t, `${name}: the order’s page`, () => shownToCustomer(page), customer)
    await untilSame(t, `${name}: the board`, () => shownToStaff(board, orderId), staff)
    await context.close()
  }
})
