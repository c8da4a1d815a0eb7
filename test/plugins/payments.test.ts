import { createServer } from 'node:net'
import t from 'tap'
import { type ProviderFailure, reportFailures } from '../../src/payments/provider-failures.js'
import { createRazorpayProvider } from '../../src/payments/razorpay-provider.js'
import { postOrder } from '../helpers/customers.js'
import { createClient } from '../helpers/http-client.js'
import { listen } from '../helpers/listen.js'
import { RAZORPAY_KEYS, startRazorpay } from '../helpers/razorpay.js'
import { startNode, TEST_SECRETS } from '../helpers/service.js'

t.test('operators see why the payment provider fails, and no secret', async (t) => {
  const razorpay = await startRazorpay(t, { secret: TEST_SECRETS.PAYMENT_WEBHOOK_SECRET })
  const service = await startNode(t, { env: razorpay.env })
  const client = createClient(service.url)
  const { id } = await postOrder(client, { paymentMethod: 'online' })
  const fail = async (reason: string | RegExp) => {
    t.match(await client.post(`/api/orders/${id}/payment`), {
      status: 503,
      body: { error: 'payment_provider_unavailable' },
    })
    const line = await service.logs.expect((entry) => {
      const { msg, reason: logged } = entry as { msg?: string; reason?: string }
      return msg === 'the payment provider failed' && new RegExp(reason).test(logged ?? '')
    })
    t.match(line, { level: 50, call: 'createOrder', detail: /./ })
  }
  for (const status of [401, 500, 400]) {
    razorpay.faults.next.push(status)
    await fail(status === 400 ? '^refused$' : `^status_${status}$`)
  }
  razorpay.faults.down = true
  await fail(/^(?:ECONNRESET|UND_ERR_SOCKET)$/)
  t.notMatch(service.logs.text, RAZORPAY_KEYS.secret)
  const metrics = (await createClient(service.url).get('/metrics')).text
  t.match(metrics, /houselights_payment_provider_failures_total\{call="createOrder",reason="status_401"\} 1/)
})

t.test('a provider that refuses connections is told apart', async (t) => {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  const service = await startNode(t, {
    env: {
      PAYMENT_PROVIDER: 'razorpay',
      RAZORPAY_KEY_ID: RAZORPAY_KEYS.id,
      RAZORPAY_KEY_SECRET: RAZORPAY_KEYS.secret,
      RAZORPAY_API_URL: `http://127.0.0.1:${port}`,
    },
  })
  const client = createClient(service.url)
  const { id } = await postOrder(client, { paymentMethod: 'online' })
  t.match(await client.post(`/api/orders/${id}/payment`), { status: 503 })
  t.match(await service.logs.expect({ msg: 'the payment provider failed' }), { reason: 'ECONNREFUSED' })
})

t.test('so is one that does not answer', async (t) => {
  const { url, faults } = await startRazorpay(t, { secret: 'unused' })
  faults.delayMs = 1500
  const failures: ProviderFailure[] = []
  const provider = reportFailures(
    createRazorpayProvider({ keys: RAZORPAY_KEYS, apiUrl: url, deadlineMs: 100 }),
    (failure) => failures.push(failure),
  )
  await t.rejects(provider.createOrder({ orderId: 1, amount: 100 }), { code: 'payment_provider_unavailable' })
  await t.rejects(provider.refund({ chargeId: 'pay_1', amount: 100, key: 'k' }))
  await t.rejects(provider.chargesSince(new Date(0))[Symbol.asyncIterator]().next())
  t.match(failures, [
    { call: 'createOrder', reason: 'timeout' },
    { call: 'refund', reason: 'timeout' },
    { call: 'chargesSince', reason: 'timeout' },
  ])
})
