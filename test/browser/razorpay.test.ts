import type { BrowserContext, Page } from 'playwright-core'
import t from 'tap'
import { RAZORPAY_KEYS, startRazorpay } from '../helpers/razorpay.js'
import { TEST_SECRETS } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { PHONE, startSite } from './site.js'

// The checkout of a real provider: its script, which is not ours, opens its form in our page. The stand-in has the API; the
// script here shows a form with the buttons that a test needs.

const FORM = `
window.Razorpay = class {
  constructor(options) { this.options = options }
  open() {
    const { handler, modal, ...given } = this.options
    const form = document.createElement('dialog')
    form.id = 'provider-form'
    form.dataset.given = JSON.stringify(given)
    for (const [name, report] of [['Paid', handler], ['Close', modal.ondismiss]]) {
      const button = document.createElement('button')
      button.textContent = name
      button.onclick = () => { form.remove(); report({ razorpay_payment_id: 'pay_unsigned' }) }
      form.append(button)
    }
    document.body.append(form)
    form.showModal()
  }
}`

const razorpay = await startRazorpay(t, { secret: TEST_SECRETS.PAYMENT_WEBHOOK_SECRET })
const site = await startSite(t, razorpay.env)
const paidTwice = (page: Page) => page.locator('.payment-text', { hasText: 'You paid twice for this order.' })
const payButton = (page: Page) => page.locator('[data-action=pay]')
const payment = (page: Page) => page.getByRole('region', { name: 'Payment' })

/** What the provider's host answers with; null: nothing. */
async function serveForm(context: BrowserContext, script: () => string | null): Promise<void> {
  await context.route('https://checkout.razorpay.com/**', (route) => {
    const body = script()
    return body === null ? route.abort() : route.fulfill({ body, contentType: 'text/javascript' })
  })
}

/** Orders one Salted Popcorn (₹180) and stops at the checkout. */
async function toCheckout(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Add one Salted Popcorn' }).click()
  await page.getByRole('button', { name: /^Review/ }).click()
  await page.getByRole('button', { name: 'Order and pay ₹180' }).click()
  await page.locator('.checkout[data-checkout=payable]').waitFor()
  return new URL(page.url()).pathname.split('/')[2] ?? ''
}

t.test('the provider’s form: not loaded, closed, then paid and confirmed', async (t) => {
  let script: string | null = null
  const { context, open } = await site.visitor(PHONE)
  await serveForm(context, () => script)
  const page = await open('/s/demo-a1')
  const id = await toCheckout(page)
  await payButton(page).click()
  await page.getByRole('alert').filter({ hasText: 'payment form didn’t load' }).waitFor()

  script = FORM
  await payButton(page).click()
  const form = page.locator('#provider-form')
  const given = JSON.parse((await form.getAttribute('data-given')) ?? '{}')
  t.strictSame(given, {
    key: RAZORPAY_KEYS.id,
    order_id: id,
    amount: 18_000,
    currency: 'INR',
    name: 'Grand Cinema',
  })
  await form.getByText('Close').click()
  await page.getByRole('alert').filter({ hasText: 'Payment not completed.' }).waitFor()

  await payButton(page).click()
  razorpay.books.pay(id)
  await form.getByText('Paid').click()
  await page.getByRole('heading', { level: 1, name: 'Payment received, confirming…' }).waitFor()
  t.equal(await payButton(page).count(), 0, 'what the page reports is no proof')
  t.equal((await site.db.order.findFirstOrThrow({ where: { payments: { some: { id } } } })).status, 'placed')
  await razorpay.outbox.sendAll(site.url)
  await page.getByRole('heading', { level: 1, name: 'We have your order' }).waitFor()
})

t.test('two tabs with the form open: the second payment is on its way back', async (t) => {
  const { context, open } = await site.visitor(PHONE)
  await serveForm(context, () => FORM)
  const page = await open('/s/demo-a2')
  const id = await toCheckout(page)
  const second = await context.newPage()
  await second.goto(page.url())
  for (const tab of [page, second]) await payButton(tab).click()
  razorpay.books.slowRefunds = true
  for (const tab of [page, second]) {
    razorpay.books.pay(id)
    await tab.locator('#provider-form').getByText('Paid').click()
  }
  await razorpay.outbox.sendAll(site.url)
  for (const tab of [page, second]) {
    await paidTwice(tab).getByText('₹180 is on its way back').waitFor()
    t.equal(await payButton(tab).count(), 0)
  }
  for (const refund of razorpay.books.refunds.values()) razorpay.books.finishRefund(refund.id, 'processed')
  await razorpay.outbox.sendAll(site.url)
  await paidTwice(page).waitFor({ state: 'detached' })
  t.strictSame(Object.values(razorpay.books.ledger()).slice(-2), [
    { captured: 18_000, refunded: 0 },
    { captured: 18_000, refunded: 18_000 },
  ])
})

t.test(
  'paid in the form after the order was cancelled, or changed to cash: no page says that it is unpaid',
  async (t) => {
    razorpay.books.slowRefunds = true
    const staff = await signIn(site.url, 'staff')
    const { context, open } = await site.visitor(PHONE)
    await serveForm(context, () => FORM)
    const orderOf = (id: string) => site.db.payment.findUniqueOrThrow({ where: { id } })

    const page = await open('/s/demo-a4')
    const id = await toCheckout(page)
    await payButton(page).click()
    await page.locator('#provider-form').waitFor()
    await staff.post(`/api/orders/${(await orderOf(id)).orderId}/cancel`)
    await page.locator('#provider-form').getByText('Paid').click()
    await page.getByRole('heading', { level: 1, name: 'Order cancelled' }).waitFor()
    await payment(page).getByText('This order was cancelled before your payment was confirmed.').waitFor()
    t.equal(await payButton(page).count(), 0)
    razorpay.books.pay(id)
    await razorpay.outbox.sendAll(site.url)
    await payment(page).getByText('Your payment arrived after this order was cancelled. ₹180').waitFor()

    const second = await open('/s/demo-a5')
    const other = await toCheckout(second)
    await payButton(second).click()
    await second.locator('#provider-form').waitFor()
    const tab = await open(`/orders/${(await orderOf(other)).orderId}`)
    await tab.getByRole('button', { name: 'Pay in cash instead' }).click()
    await tab.getByRole('button', { name: 'Yes, pay in cash' }).click()
    await payment(tab).getByText('Please have ₹180 in cash ready.').waitFor()
    await second.locator('#provider-form').getByText('Paid').click()
    for (const each of [tab, second]) {
      await each.getByRole('heading', { level: 1, name: 'We have your order' }).waitFor()
      await payment(each).getByText('We’re still confirming your online payment.').waitFor()
    }
    razorpay.books.pay(other)
    await razorpay.outbox.sendAll(site.url)
    for (const each of [tab, second]) await payment(each).getByText('Paid. Thank you.').waitFor()
  },
)

t.test('only the checkout may load anything of the provider', async (t) => {
  const { context, open } = await site.visitor(PHONE)
  let isAsked = false
  await serveForm(context, () => {
    isAsked = true
    return FORM
  })
  const page = await open('/s/demo-a3')
  const refused = page.waitForEvent('console', (message) => /Content Security Policy/.test(message.text()))
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.src = 'https://checkout.razorpay.com/v1/checkout.js'
    document.head.append(script)
  })
  await refused
  t.notOk(isAsked)
  t.match(site.pageErrors.splice(0), [/Content Security Policy/])
})

t.test('no page broke anything on the way', async (t) => {
  t.strictSame(site.pageErrors, [])
})
