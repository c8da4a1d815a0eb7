import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import t from 'tap'
import { DomainError } from '../../src/errors.js'
import { ProviderRefused } from '../../src/payments/provider.js'
import { createRazorpayProvider } from '../../src/payments/razorpay-provider.js'
import { listen } from '../helpers/listen.js'
import { RAZORPAY_KEYS, startRazorpay } from '../helpers/razorpay.js'
import type { Teardown } from '../helpers/teardown.js'

/** A stand-in for Razorpay's API, on a real socket. */
async function serve(
  t: Teardown,
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
) {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => answer(request, response, body))
  })
  const port = await listen(server)
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${port}`
}

const keys = { id: 'rzp_test_key', secret: 'hush' }

t.test('requests an order of the amount in paise, authenticated with the keys', async (t) => {
  const received: unknown[] = []
  const apiUrl = await serve(t, (request, response, body) => {
    received.push(request.method, request.url, request.headers.authorization, JSON.parse(body))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ id: 'order_Abc123', amount: 45000, currency: 'INR', status: 'created' }))
  })
  const provider = createRazorpayProvider({ keys, apiUrl })
  t.same(await provider.createOrder({ orderId: 7, amount: 45000 }), { id: 'order_Abc123' })
  const authorization = `Basic ${Buffer.from('rzp_test_key:hush').toString('base64')}`
  t.match(received, [
    'POST',
    '/v1/orders',
    authorization,
    { amount: 45000, currency: 'INR', receipt: /^order-7-[0-9a-f]{8}$/, payment: { capture: 'automatic' } },
  ])
  t.equal(provider.checkoutUrl('order_Abc123'), '/checkout/order_Abc123')
  t.same([provider.name, provider.publicKey], ['razorpay', 'rzp_test_key'])
})

t.test('every failure of the API gives the same error, without details', async (t) => {
  const good = { id: 'order_1', amount: 100, currency: 'INR' }
  const answers: [string, (response: ServerResponse) => void][] = [
    ['401', (response) => response.writeHead(401).end('{"error":{"description":"hush"}}')],
    ['500', (response) => response.writeHead(500).end('oops')],
    ['redirect', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['no JSON', (response) => response.end('<html>')],
    ['null', (response) => response.end('null')],
    ['another amount', (response) => response.end(JSON.stringify({ ...good, amount: 1 }))],
    ['another currency', (response) => response.end(JSON.stringify({ ...good, currency: 'USD' }))],
    ['an odd id', (response) => response.end(JSON.stringify({ ...good, id: '../admin' }))],
    ['no id', (response) => response.end(JSON.stringify({ ...good, id: 7 }))],
    ['a cut connection', (response) => response.destroy()],
    ['no response', () => {}],
  ]
  for (const [what, answer] of answers) {
    const apiUrl = await serve(t, (_request, response) => answer(response))
    const provider = createRazorpayProvider({ keys, apiUrl, deadlineMs: 300 })
    const error = await provider.createOrder({ orderId: 1, amount: 100 }).then(
      () => null,
      (thrown: unknown) => thrown,
    )
    if (!(error instanceof DomainError)) throw new Error(`${what}: not refused`)
    t.same([error.status, error.code], [503, 'payment_provider_unavailable'], what)
    t.notMatch(error.message, /hush|127/)
  }
})

t.test('without keys no payment can be started', async (t) => {
  const provider = createRazorpayProvider({ keys: null, apiUrl: 'http://127.0.0.1:1' })
  await t.rejects(provider.createOrder({ orderId: 7, amount: 45000 }), { status: 503 } as Error & {
    status: number
  })
  t.equal(provider.publicKey, null)
})

t.test('refunds: one for a key, refused for good, or unknown', async (t) => {
  const { url, books, faults } = await startRazorpay(t, { secret: 'x' })
  const provider = createRazorpayProvider({ keys: RAZORPAY_KEYS, apiUrl: url, deadlineMs: 500 })
  const { id } = await provider.createOrder({ orderId: 1, amount: 18_000 })
  const charge = books.pay(id)
  const request = { chargeId: charge.id, amount: 1000, key: '550e8400-e29b-41d4-a716-446655440000' }
  faults.next.push('lost', 500, 429, 409, 401)
  for (let i = 0; i < 5; i++) {
    const error = await provider.refund(request).catch((thrown: unknown) => thrown)
    t.ok(error instanceof Error && !(error instanceof ProviderRefused), String(error))
  }
  faults.delayMs = 1000
  await t.rejects(provider.refund(request), { message: /did not answer/, cause: { name: 'TimeoutError' } })
  faults.delayMs = 0
  t.match(await provider.refund(request), {
    chargeId: charge.id,
    amount: 1000,
    status: 'processed',
    key: request.key,
  })
  t.equal(books.refunds.size, 1)
  t.match(await provider.refundsOf(charge.id), [{ amount: 1000, key: request.key }])
  t.match(await provider.chargesOf(id), [{ id: charge.id, paymentId: id, amount: 18_000, state: 'captured' }])
  const refused = [
    { ...request, key: 'another-key-of-ours', amount: 17_001 },
    { ...request, amount: 2000 },
    { ...request, key: 'another-key-of-ours', chargeId: 'pay_unknown' },
    { ...request, key: 'short' },
  ]
  for (const each of refused) await t.rejects(provider.refund(each), ProviderRefused)
  await t.rejects(provider.chargesOf('order_unknown'), ProviderRefused)
  await t.rejects(provider.refundsOf('pay_unknown'), ProviderRefused)
})
