import type { Page } from 'playwright-core'
import t from 'tap'
import { orderFrom, sendMessage } from '../helpers/customers.js'
import { signIn } from '../helpers/sign-in.js'
import { until, untilSame } from '../helpers/until.js'
import { violations } from './accessibility.js'
import { linkIs, PHONE, startSite } from './site.js'

// A customer notices the staff's answer, though the chat is below the edge of a phone's screen.

const site = await startSite(t, {}, { worker: true })
const staff = await signIn(site.url, 'staff')

/** Keeps what the phone is asked to do. */
const RECORD = `
  window.done = []
  Navigator.prototype.vibrate = (pattern) => done.push('vibrate')
  Navigator.prototype.setAppBadge = async (count) => { done.push('badge ' + count) }
  Navigator.prototype.clearAppBadge = async () => {}`

async function open(options = {}): Promise<{ page: Page; orderId: number }> {
  const { client, orderId } = await orderFrom(site.url, 'demo-a1', { 'Masala Chai': 1 }, 'cash')
  const { context } = await site.visitor({ ...PHONE, ...options })
  await context.addInitScript(RECORD)
  await context.addCookies([...client.cookies].map(([name, value]) => ({ name, value, url: site.url })))
  const page = await context.newPage()
  await page.goto(`/orders/${orderId}`)
  await linkIs(page)
  return { page, orderId }
}

const done = (page: Page) => page.evaluate('done')
const isCounted = async (page: Page) => /^\(\d+\)/.exec(await page.title())?.[0] ?? null

for (const [locale, one, two] of [
  ['en-IN', 'New answer from the staff ↓', '2 new answers from the staff ↓'],
  ['hi-IN', 'कर्मचारियों का नया जवाब ↓', 'कर्मचारियों के 2 नए जवाब ↓'],
] as const) {
  t.test(
    `${locale}: at 360 × 740 an answer is in the title, on the page, on the icon and felt`,
    async (t) => {
      const { page, orderId } = await open({ locale })
      t.equal(await isCounted(page), null)
      await page.touchscreen.tap(4, 200)
      await sendMessage(staff, orderId, 'It comes at once')
      const badge = page.locator('[data-action=answers]')
      await badge.getByText(one).waitFor()
      await untilSame(t, 'the title counts', () => isCounted(page), '(1)')
      await untilSame(t, 'the phone', () => done(page), ['vibrate', 'badge 1'])
      const box = await badge.boundingBox()
      t.ok(
        box && box.y >= 0 && box.y + box.height <= 740 && box.x >= 0 && box.x + box.width <= 360,
        'on the screen',
      )
      t.strictSame(await violations(page), [])
      await sendMessage(staff, orderId, 'Now')
      await page.locator('[data-action=answers]').getByText(two).waitFor()
      await untilSame(t, 'each is felt', () => done(page), ['vibrate', 'badge 1', 'vibrate', 'badge 2'])

      await page.reload()
      await page.locator('[data-action=answers]').getByText(two).waitFor()
      await page.locator('[data-action=answers]:not([data-settling=true])').tap()
      await page.locator('[data-action=answers]').waitFor({ state: 'detached' })
      t.ok(await page.getByText('It comes at once').isVisible())
      await untilSame(t, 'nothing is unread', () => isCounted(page), null)
      const isKept = `localStorage.getItem('houselights.answer-seen.${orderId}') !== null`
      await until(() => page.evaluate(isKept), 'what was seen to be remembered')
      await page.evaluate('scrollTo(0, 0)')
      await page.reload()
      await linkIs(page)
      await page.locator('[data-from=staff]').first().waitFor({ state: 'attached' })
      t.equal(await page.locator('[data-action=answers]').count(), 0, 'what was seen stays seen')
    },
  )
}

t.test('an answer that is on the screen at once needs no notice', async (t) => {
  const { page, orderId } = await open()
  await page.locator('.chat-log').scrollIntoViewIfNeeded()
  await page.locator('.chat-composer textarea').tap()
  await sendMessage(staff, orderId, 'Here it is')
  await page.getByText('Here it is').last().waitFor()
  t.equal(await isCounted(page), null)
  t.strictSame(await done(page), [])
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
