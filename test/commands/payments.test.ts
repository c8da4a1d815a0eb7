import t from 'tap'
import { paymentsCommand } from '../../src/commands/payments-command.js'
import { postOrder } from '../helpers/customers.js'
import { testDatabase } from '../helpers/database.js'
import { createClient } from '../helpers/http-client.js'
import { startPushService } from '../helpers/push-service.js'
import { startRazorpay } from '../helpers/razorpay.js'
import { startNode } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { runCommand } from './run-command.js'

t.test('reconcile asks the provider, applies what differs, and prints it', async (t) => {
  const database = await testDatabase(t, { demo: true })
  const razorpay = await startRazorpay(t, { secret: 'hush' })
  const service = await startNode(t, { database, env: razorpay.env })
  const browser = createClient(service.url)
  const { id } = await postOrder(browser, { paymentMethod: 'online' })
  const { body } = await browser.post<{ payment: { id: string } }>(`/api/orders/${id}/payment`)
  const charge = razorpay.books.pay(body.payment.id)
  const link = razorpay.books.pay(null, { amount: 123_456 })
  const run = (...args: string[]) =>
    runCommand(paymentsCommand, args, { databaseUrl: database.url, env: razorpay.env })

  const first = await run('reconcile', '--since', '2020-01-01')
  t.equal(first.code, 0, first.err)
  t.match(first.out, `  capture ${charge.id}, ₹180.00\n`)
  t.match(first.out, `  payment issue: unknown_payment ${link.id}, ₹1234.56\n`)
  t.match(first.out, '2 differences since 2020-01-01T00:00:00.000Z: applied.\n')
  t.match((await browser.get(`/api/orders/${id}`)).body, { order: { status: 'confirmed' } })
  t.match((await run('reconcile')).out, /No differences since /)

  razorpay.faults.down = true
  const down = await run('reconcile')
  t.equal(down.code, 1)
  t.match(down.err, /Razorpay did not answer: /)
})

t.test('what reconcile finds is notified as if a node had found it, once', async (t) => {
  const push = await startPushService(t)
  const database = await testDatabase(t, { demo: true })
  const razorpay = await startRazorpay(t, { secret: 'hush' })
  const env = { ...razorpay.env, PUSH_HOSTS: push.host }
  const service = await startNode(t, { database, env })
  const [customer, staff] = [createClient(service.url), await signIn(service.url, 'staff')]
  const { id } = await postOrder(customer, { paymentMethod: 'online' })
  const { body } = await customer.post<{ payment: { id: string } }>(`/api/orders/${id}/payment`)
  t.equal((await staff.post('/api/push', push.browser('tablet'))).status, 204)
  t.equal((await customer.post('/api/push', { ...push.browser('phone'), order: id })).status, 204)
  // it is busy at first
  push.answer('tablet', (response) => {
    response.writeHead(503).end()
    push.answer('tablet', null)
  })
  const charge = razorpay.books.pay(body.payment.id)
  const run = () => runCommand(paymentsCommand, ['reconcile'], { databaseUrl: database.url, env })
  t.match(await run(), { code: 0, out: /1 differences/ })
  razorpay.books.refund(charge.id, 100)
  t.match(await run(), { code: 0, out: /1 differences/ })
  // both ended before the command did
  t.same(
    push.received.history.map(({ to, payload }) => [to, payload.kind, payload.order]),
    [
      ['tablet', 'new-order', id],
      ['tablet', 'new-order', id],
      ['phone', 'refunded', id],
    ],
  )
})

t.test('bad arguments, and a provider without books', async (t) => {
  const { url: databaseUrl } = await testDatabase(t)
  const run = (...args: string[]) => runCommand(paymentsCommand, args, { databaseUrl })
  for (const args of [
    [],
    ['pay'],
    ['reconcile', 'x'],
    ['reconcile', '--since', 'yesterday'],
    ['reconcile', '--all'],
  ]) {
    t.equal((await run(...args)).code, 2, args.join(' '))
  }
  t.match(await run('reconcile'), { code: 1, err: /simulated/ })
})
