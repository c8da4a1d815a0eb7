import type { BrowserContextOptions, Page } from 'playwright-core'
import t from 'tap'
import { orderFrom, sendMessage } from '../helpers/customers.js'
import { PHONE, startSite, TABLET } from './site.js'

// What the pages show does not jump while they load: Cumulative Layout Shift below 0.1 (web.dev's "good").

const LIMIT = 0.1
const TRIES = 3
const WISH = { 'Salted Popcorn': 2, 'Cold Coffee': 1 }

const site = await startSite(t, {}, { worker: true })
// as many halls as a multiplex has: their choice takes a row of its own
for (let number = 2; number <= 12; number += 1)
  await site.db.hall.create({
    data: {
      theatreId: 1,
      name: `Screen ${number} upstairs`,
      seats: { create: { name: 'A1', token: `hall-${number}` } },
    },
  })
const paid = await orderFrom(site.url, 'demo-a1', WISH, 'online')
for (let number = 2; number <= 9; number += 1) await orderFrom(site.url, `demo-b${number}`, WISH, 'cash')
await sendMessage(paid.client, paid.orderId, 'No ice, please.')

/** The sum of all shifts until the page has been quiet for a second, as web.dev's metric counts them, without its windows. */
async function shiftOf(page: Page): Promise<number> {
  return await page.evaluate<number>(`new Promise((resolve) => {
    let sum = 0
    let timer
    const done = () => resolve(sum)
    const again = () => { clearTimeout(timer); timer = setTimeout(done, 1000) }
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) sum += entry.value
      again()
    }).observe({ type: 'layout-shift', buffered: true })
    again()
  })`)
}

const STAFF: readonly (readonly [path: string, shown: string])[] = [
  ['/theatre/live-orders/', '.ticket'],
  ['/theatre/chat/', '.chat-row'],
  ['/theatre/seats/', 'main svg'],
  ['/theatre/today/', 'main .issues, main table, main dl'],
  ['/theatre/manage/', 'main li, main form'],
  ['/account', '.device'],
]
const ORDER: readonly (readonly [path: string, shown: string])[] = [
  ['/s/demo-a1', '.dish'],
  [`/orders/${paid.orderId}`, '.receipt-total'],
  [`/orders/${paid.orderId}/receipt`, '.books'],
]

async function visitorsOf(screen: BrowserContextOptions) {
  const customer = await site.visitor(screen)
  const cookies = [...paid.client.cookies].map(([name, value]) => ({ name, value, url: site.url }))
  await customer.context.addCookies(cookies)
  return [
    [await site.staff({ ...screen, username: 'manager' }), STAFF],
    [
      await site.visitor(screen),
      [
        ['/login', 'form'],
        ['/s/demo-a1', '.dish'],
      ],
    ],
    [customer, ORDER],
  ] as const
}

const screens = [
  ['phone', await visitorsOf(PHONE)],
  ['tablet', await visitorsOf(TABLET)],
] as const

for (const [screen, visitors] of screens) {
  for (const [visitor, pages] of visitors) {
    for (const [path, shown] of pages) {
      t.test(`${path} on a ${screen}`, async (t) => {
        const shifts: number[] = []
        // on a busy machine the page may have to say that it is not connected yet, which moves what stands below
        while (shifts.length < TRIES && !shifts.some((shift) => shift < LIMIT)) {
          const page = await visitor.open(path)
          await page.locator(shown).first().waitFor()
          shifts.push(await shiftOf(page))
          await page.close()
        }
        t.ok(
          shifts.some((shift) => shift < LIMIT),
          `layout shift ${shifts.map((shift) => shift.toFixed(3)).join(', ')}`,
        )
      })
    }
  }
}

t.test('no page reports an error', async (t) => t.same(site.pageErrors, []))
