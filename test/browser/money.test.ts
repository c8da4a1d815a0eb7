import type { Page } from 'playwright-core'
import t from 'tap'
import { signWebhook } from '../../src/payments/webhook-signature.js'
import { TEST_SECRETS } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { linkIs, openEnded, PHONE, startSite, TABLET } from './site.js'

// What pages say about money, and that none of them offers to pay twice. Late captures stay with us (AUTO_REFUND), so
// that a manager has something to do.

const site = await startSite(t, { AUTO_REFUND: 'off' })
const staff = await signIn(site.url, 'staff')
const head = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor()
const payment = (page: Page, state: string) => page.locator(`.payment[data-money="${state}"]`)
const payButton = (page: Page) => page.locator('[data-action=pay]')

/** Orders one Salted Popcorn (₹180) and stops at the checkout. */
async function toCheckout(seat: string): Promise<Page> {
  const page = await (await site.visitor(PHONE)).open(`/s/${seat}`)
  await page.getByRole('button', { name: 'Add one Salted Popcorn' }).click()
  await page.getByRole('button', { name: /^Review/ }).click()
  await page.getByRole('button', { name: 'Order and pay ₹180' }).click()
  await page.locator('.checkout[data-checkout=payable]').waitFor()
  return page
}

const paymentIdOf = (page: Page) => new URL(page.url()).pathname.split('/')[2] ?? ''
const orderIdOf = async (page: Page) => Number(await page.locator('main').getAttribute('data-order-id'))

/** The provider's webhook of a captured charge. */
async function capture(paymentId: string, amount = 18_000, id = `pay_${paymentId}`): Promise<void> {
  const entity = { id, order_id: paymentId, amount, currency: 'INR', status: 'captured', captured: true }
  const body = JSON.stringify({ event: 'payment.captured', payload: { payment: { entity } } })
  const answer = await fetch(`${site.url}/webhooks/payments`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-razorpay-signature': signWebhook(body, TEST_SECRETS.PAYMENT_WEBHOOK_SECRET),
      'x-razorpay-event-id': `captured_${id}`,
    },
    body,
  })
  if (answer.status !== 200) throw new Error(`The webhook was answered ${answer.status}.`)
}

t.test('a reported payment is “received, confirming” until its webhook arrives', async (t) => {
  const page = await toCheckout('demo-a1')
  const checkout = page.url()
  const id = paymentIdOf(page)
  // the provider's checkout reports success, and its webhook is lost
  await page.context().route('**/api/checkout/*/pay', (route) => route.fulfill({ status: 204 }))
  await payButton(page).click()
  await head(page, 'Payment received, confirming…')
  await payment(page, 'confirming').getByText('You don’t need to pay again.').waitFor()
  t.equal(await payButton(page).count(), 0)
  t.match(await page.title(), /^Payment received/)

  await page.reload()
  await linkIs(page)
  await head(page, 'Payment received, confirming…')
  t.equal(await payButton(page).count(), 0, 'nor after a reload')

  const second = await page.context().newPage()
  await second.goto(checkout)
  await second.locator('.checkout[data-checkout=confirming]').waitFor()
  await second.getByRole('status').filter({ hasText: 'You don’t need to pay again.' }).waitFor()
  t.equal(await payButton(second).count(), 0, 'nor at the checkout')
  await second.goto('/s/demo-a1')
  const running = second.getByRole('region', { name: 'Your orders' })
  await running.getByText('Payment received, confirming…').waitFor()
  await running.getByText('Track').waitFor()

  await capture(id)
  await head(page, 'We have your order')
  await payment(page, 'paid').waitFor()
  t.equal(await page.evaluate(`Object.keys(localStorage).filter((key) => /reported/.test(key)).length`), 0)
  await second.goto(checkout)
  await second.getByRole('status').filter({ hasText: 'This order is paid.' }).waitFor()
  t.equal(await payButton(second).count(), 0)
})

t.test('another tab that still offers to pay stops doing so', async (t) => {
  const page = await toCheckout('demo-a2')
  const second = await page.context().newPage()
  await second.goto((await page.getByRole('link', { name: 'Back to your order' }).getAttribute('href')) ?? '')
  await payButton(second).waitFor()
  await page.context().route('**/api/checkout/*/pay', (route) => route.fulfill({ status: 204 }))
  await payButton(page).click()
  await payment(second, 'confirming').waitFor()
  t.equal(await payButton(second).count(), 0)
})

t.test('a failed payment: the money comes back, try again, or pay in cash', async (t) => {
  const page = await toCheckout('demo-a3')
  const checkout = page.url()
  await page.locator('[data-action=fail]').click()
  await head(page, 'Payment failed')
  await payment(page, 'failed').getByText('If money left your account, it will come back').waitFor()
  await page.getByRole('button', { name: 'Try again: pay ₹180' }).waitFor()

  await page.getByRole('button', { name: 'Pay in cash instead' }).click()
  await page.locator(':focus', { hasText: 'Please have ₹180 in cash ready' }).waitFor()
  t.equal(await payButton(page).count(), 0, 'one choice at a time')
  await page.getByRole('button', { name: 'No, go back' }).click()
  await page.locator('[data-action=cash-instead]:focus').waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Yes, pay in cash' }).click()
  await head(page, 'We have your order')
  await page.getByRole('region', { name: 'Payment' }).getByText('Please have ₹180 in cash ready.').waitFor()
  t.equal(await payButton(page).count(), 0)

  await page.goto(checkout)
  await page.getByRole('status').filter({ hasText: 'You’re paying for this order in cash.' }).waitFor()
  t.equal(await payButton(page).count(), 0)
})

t.test('the checkout of an order that was cancelled meanwhile takes no money', async (t) => {
  const page = await toCheckout('demo-a4')
  const id = paymentIdOf(page)
  const sent: string[] = []
  page.on('request', (request) => sent.push(new URL(request.url()).pathname))
  const { orderId } = await site.db.payment.findUniqueOrThrow({ where: { id } })
  await staff.post(`/api/orders/${orderId}/cancel`)
  await payButton(page).click()
  await page.getByRole('status').filter({ hasText: 'there’s nothing to pay' }).waitFor()
  t.equal(await payButton(page).count(), 0)
  t.notOk(
    sent.some((path) => path.endsWith('/pay')),
    'no payment was sent',
  )
  await page.getByRole('link', { name: 'Back to your order' }).click()
  await head(page, 'Order cancelled')
  await payment(page, 'void').getByText('If money left your account').waitFor()

  await capture(id)
  await payment(page, 'returning').getByText('₹180 is on its way back').waitFor()
  const board = await (await site.staff(TABLET)).open('/theatre/live-orders/')
  await board.getByRole('region', { name: 'Refunds due' }).getByText('₹180 on its way back').waitFor()
})

t.test(
  'a payment of the wrong amount: the page says that it is checked, a manager resolves it',
  async (t) => {
    const page = await toCheckout('demo-a5')
    const id = paymentIdOf(page)
    await page.getByRole('link', { name: 'Back to your order' }).click()
    await payButton(page).waitFor()
    const orderId = await orderIdOf(page)
    await capture(id, 17_000)
    await payButton(page).click()
    await page.getByRole('alert').filter({ hasText: 'We are checking a payment for this order' }).waitFor()
    t.equal(await payButton(page).count(), 0, 'no second payment')

    const desk = await (await site.staff({ ...TABLET, username: 'manager' })).open('/theatre/today/')
    const issue = desk.locator('[data-kind=amount_mismatch]')
    await issue.getByText(`Order ${orderId}`).waitFor()
    await issue.getByText('₹170').waitFor()
    t.equal(
      await issue.locator('[data-action=refund]').count(),
      0,
      'a refund would give back another payment',
    )
    await issue.getByRole('button', { name: 'Resolve with a note' }).click()
    await desk.getByLabel('What was done?').fill('Refunded by hand at the provider.')
    await desk.getByRole('button', { name: 'Resolve', exact: true }).click()
    await desk.locator('dialog').waitFor({ state: 'detached' })
    await desk.locator('.resolved summary').click()
    await desk.locator('.resolved').getByText('Refunded by hand at the provider.').waitFor()
    t.equal(await desk.locator('[data-kind=amount_mismatch]').count(), 1)

    await page.reload()
    await payButton(page).click()
    await page.locator('.checkout[data-checkout=payable]').waitFor()
  },
)

t.test('a paid order is cancelled: the refund is due, and only a manager gives it', async (t) => {
  const page = await toCheckout('demo-b1')
  await payButton(page).click()
  await head(page, 'We have your order')
  const orderId = await orderIdOf(page)
  await staff.post(`/api/orders/${orderId}/cancel`)
  await payment(page, 'refund-due').getByText('Your refund of ₹180 is on its way').waitFor()

  const member = await site.staff(TABLET)
  const board = await member.open('/theatre/live-orders/')
  const due = board.getByRole('region', { name: 'Refunds due' })
  await due.locator(`[data-order-id="${orderId}"]`).getByText('Refund ₹180').waitFor()
  await due.getByText('Managers issue refunds.').waitFor()
  t.equal(await due.getByRole('link').count(), 0)
  t.equal(await board.getByRole('link', { name: 'Today' }).count(), 0)
  const shut = await member.open('/theatre/today/')
  await head(shut, 'This page is for managers')

  const desk = await (await site.staff({ ...TABLET, username: 'manager' })).open('/theatre/live-orders/')
  await desk
    .getByRole('region', { name: 'Refunds due' })
    .getByRole('link', { name: 'Go to payments' })
    .click()
  await head(desk, 'Today')
  const issue = desk.locator('[data-kind=refund_due]')
  await issue.getByText(`Order ${orderId}`).waitFor()
  await issue.getByRole('button', { name: 'Refund', exact: true }).click()
  const amount = desk.getByLabel('Amount (₹)')
  await desk.getByRole('button', { name: 'Refund ₹180' }).waitFor()
  t.equal(await amount.inputValue(), '180')
  await amount.fill('181')
  await desk.getByRole('dialog').getByRole('button', { name: 'Refund', exact: true }).click()
  await desk.getByRole('alert').filter({ hasText: 'Enter an amount up to ₹180.' }).waitFor()
  await amount.fill('₹ 80.50')
  await desk.getByRole('button', { name: 'Refund ₹80.50' }).click()
  await desk.locator('dialog').waitFor({ state: 'detached' })
  await payment(page, 'refund-due').getByText('Your refund of ₹99.50 is on its way').waitFor()

  await issue.getByRole('button', { name: 'Refund', exact: true }).click()
  await desk.getByRole('button', { name: 'Refund ₹99.50' }).click()
  await desk.locator('dialog').waitFor({ state: 'detached' })
  await payment(page, 'refunded').getByText('₹180 was refunded to you.').waitFor()
  await due.locator(`[data-order-id="${orderId}"]`).waitFor({ state: 'detached' })
  await openEnded(board)
  await board.locator(`.ended [data-order-id="${orderId}"]`).getByText('₹180 refunded').waitFor()
  await desk.getByRole('button', { name: 'Refresh' }).click()
  await desk
    .locator('.panel .issue[data-kind=refund_due] [data-action=refund]')
    .waitFor({ state: 'detached' })
})

t.test('a refund whose answer is lost is sent again with its key, also after a reload', async (t) => {
  const page = await toCheckout('demo-b2')
  await payButton(page).click()
  await head(page, 'We have your order')
  const orderId = await orderIdOf(page)
  await staff.post(`/api/orders/${orderId}/cancel`)
  const manager = await site.staff({ ...TABLET, username: 'manager' })
  const desk = await manager.open('/theatre/today/')
  const keys = new Set<string | undefined>()
  let isLosing = true
  await manager.context.route('**/refund', async (route) => {
    keys.add(route.request().headers()['idempotency-key'])
    if (!isLosing) return route.continue()
    await route.fetch()
    await route.abort()
  })
  await desk.locator('[data-kind=refund_due] [data-action=refund]').click()
  await desk.getByRole('button', { name: 'Refund ₹180' }).click()
  await desk.getByRole('alert').filter({ hasText: 'it won’t be paid twice' }).waitFor()
  isLosing = false
  await desk.getByRole('button', { name: 'Refund ₹180' }).click()
  await desk.locator('dialog').waitFor({ state: 'detached' })
  t.equal(keys.size, 1, 'always with the same key')
  t.equal(await site.db.refund.count({ where: { orderId } }), 1, 'one refund')
  await payment(page, 'refunded').waitFor()
})

t.test('some of a delivered order is given back: its customer and the board say how much', async (t) => {
  const page = await toCheckout('demo-b3')
  await payButton(page).click()
  await head(page, 'We have your order')
  const orderId = await orderIdOf(page)
  const board = await (await site.staff(TABLET)).open('/theatre/live-orders/')
  const ticket = board.locator(`.ticket[data-order-id="${orderId}"]`)
  await ticket.waitFor()
  const manager = await signIn(site.url, 'manager')
  const headers = { 'idempotency-key': 'ten-rupees' }
  const answer = await manager.post(`/api/orders/${orderId}/refund`, { amount: 1000 }, { headers })
  t.equal(answer.status, 200)
  await payment(page, 'partially-refunded').getByText('₹10 of ₹180 was refunded to you.').waitFor()
  await ticket.getByText('₹10 refunded').waitFor()
})

t.test('a second payment: its customer and the board see it on its way back', async (t) => {
  const page = await toCheckout('demo-b4')
  await payButton(page).click()
  await head(page, 'We have your order')
  const orderId = await orderIdOf(page)
  const board = await (await site.staff(TABLET)).open('/theatre/live-orders/')
  const ticket = board.locator(`.ticket[data-order-id="${orderId}"]`)
  await ticket.waitFor()
  const { id } = await site.db.payment.findFirstOrThrow({ where: { orderId } })
  await capture(id, 18_000, `pay_second_${id}`)
  await payment(page, 'paid').getByText('You paid twice for this order. ₹180 is on its way back').waitFor()
  await ticket.getByText('₹180 on its way back').waitFor()
  t.equal(await ticket.getAttribute('data-payment-status'), 'paid')
})

t.test('cash of a cancelled order is handed back and noted', async (t) => {
  const page = await (await site.visitor(PHONE)).open('/s/demo-b5')
  await page.getByRole('button', { name: 'Add one Salted Popcorn' }).click()
  await page.getByRole('button', { name: /^Review/ }).click()
  await page.getByLabel('Cash at your seat').check()
  await page.getByRole('button', { name: 'Place order for ₹180' }).click()
  await head(page, 'We have your order')
  const orderId = await orderIdOf(page)
  for (const step of ['collect-cash', 'cancel']) await staff.post(`/api/orders/${orderId}/${step}`)
  await payment(page, 'refund-due').getByText('The staff will give your money back.').waitFor()
  const desk = await (await site.staff({ ...TABLET, username: 'manager' })).open('/theatre/today/')
  const issue = desk.locator('.issue', { hasText: `Order ${orderId} ` })
  await issue.getByText('Hand the cash back').waitFor()
  await issue.getByRole('button', { name: 'Refund', exact: true }).click()
  await desk.getByRole('button', { name: 'Refund ₹180' }).click()
  await desk.locator('dialog').waitFor({ state: 'detached' })
  await payment(page, 'refunded').getByText('₹180 was refunded to you.').waitFor()
  t.equal(await issue.locator('[data-action=refund]').count(), 0)
})

t.test('no page broke anything on the way', async (t) => {
  t.strictSame(site.pageErrors, [])
})
