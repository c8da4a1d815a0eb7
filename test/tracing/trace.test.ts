import t, { type Test } from 'tap'
import { signWebhook } from '../../src/payments/webhook-signature.js'
import { postOrder } from '../helpers/customers.js'
import { testDatabase } from '../helpers/database.js'
import { createClient } from '../helpers/http-client.js'
import { type OtlpCollector, type ReceivedSpan, startOtlpCollector } from '../helpers/otlp-collector.js'
import { startRedis } from '../helpers/redis.js'
import { startNode, TEST_SECRETS, type TestService } from '../helpers/service.js'
import { openSession, signIn } from '../helpers/sign-in.js'
import { openV1 } from '../helpers/socket-client.js'
import { until } from '../helpers/until.js'

// before OpenTelemetry reads it
process.env.OTEL_BSP_SCHEDULE_DELAY = '50'

const PHONE = '+91 98765 43210'
const NOTE = 'no peanuts for Asha'
const SERVER = 2

/** Pays an online order by the provider's webhook, sent to this node. */
async function payOrder(node: TestService): Promise<void> {
  const customer = createClient(node.url)
  const order = await postOrder(customer, { paymentMethod: 'online', phone: PHONE, note: NOTE })
  const { payment } = (await customer.post<{ payment: { id: string } }>(`/api/orders/${order.id}/payment`))
    .body
  const entity = {
    id: 'pay_1',
    order_id: payment.id,
    amount: order.total,
    currency: 'INR',
    status: 'captured',
  }
  const raw = JSON.stringify({ event: 'payment.captured', payload: { payment: { entity } } })
  const headers = {
    'x-razorpay-signature': signWebhook(raw, TEST_SECRETS.PAYMENT_WEBHOOK_SECRET),
    'x-razorpay-event-id': 'evt_1',
  }
  const answer = await createClient(node.url).post('/webhooks/payments?key=a-key-nobody-may-see', undefined, {
    raw,
    headers,
  })
  if (answer.status !== 200) throw new Error(`the webhook was answered ${answer.status}`)
}

/** The span and those above it, up to the request's. */
function pathOf(spans: readonly ReceivedSpan[], span: ReceivedSpan): ReceivedSpan[] {
  const parent = spans.find(({ spanId, traceId }) => spanId === span.parentSpanId && traceId === span.traceId)
  return parent ? [span, ...pathOf(spans, parent)] : [span]
}

const envOf = (collector: OtlpCollector, name: string, more: Record<string, string>) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
  OTEL_EXPORTER_OTLP_HEADERS: 'x-collector-key=s%20p',
  OTEL_SERVICE_NAME: name,
  ...more,
})

async function startTwo(t: Test, bus: 'redis' | 'postgresql') {
  const collector = await startOtlpCollector(t)
  const database = await testDatabase(t, { demo: true })
  const more: Record<string, string> = bus === 'redis' ? { REDIS_URL: (await startRedis(t)).url } : {}
  // what the bus does not bring would come late: no poll
  const start = (env: Record<string, string>) => startNode(t, { database, pollMs: 60_000, env })
  return { collector, start, more }
}

for (const bus of ['redis', 'postgresql'] as const) {
  t.test(
    `one trace leads from the webhook over the transaction and ${bus} to the frames of another node`,
    async (t) => {
      const { collector, start, more } = await startTwo(t, bus)
      const here = await start(envOf(collector, 'here', more))
      const there = await start(envOf(collector, 'there', more))
      const socket = await openV1(there, await openSession(there, 'staff'))
      socket.subscribe()
      await socket.expect({ type: 'snapshot' })
      await payOrder(here)
      const frame = await socket.expect({ type: 'event', name: 'order.confirmed' })
      t.same(
        Object.keys(frame).sort(),
        ['at', 'data', 'group', 'name', 'seq', 'type'],
        'the frame is as ever',
      )

      const nameOf = ({ name, resource }: ReceivedSpan) => `${resource['service.name']}: ${name}`
      const isWebhook = ({ name }: ReceivedSpan) => name === 'POST /webhooks/payments'
      const written = await until(
        () =>
          collector.spans.find(
            (span) => nameOf(span) === 'there: write frames' && pathOf(collector.spans, span).some(isWebhook),
          ),
        'the span of the frames, and those above it',
      )
      const path = pathOf(collector.spans, written)
      t.match(path.map(nameOf), [
        'there: write frames',
        'there: receive events',
        'here: publish events',
        /^here: handler/,
        'here: POST /webhooks/payments',
      ])
      t.match(written.attributes, { 'houselights.sockets': 1, 'houselights.group': /^theatre:1:orders$/ })
      t.match(path.at(-1), {
        kind: SERVER,
        attributes: { 'http.route': '/webhooks/payments', 'http.response.status_code': 200 },
      })
      const trace = collector.spans.filter(({ traceId }) => traceId === written.traceId)
      const under = (name: string) =>
        trace
          .filter((span) => pathOf(trace, span).some((above) => above.name === name))
          .map(({ name }) => name)
      for (const name of ['INSERT payment_webhooks', 'SELECT houselights_append', 'COMMIT'])
        t.ok(under('transaction').includes(name), `the transaction has ${name}: ${under('transaction')}`)
      const line = await here.logs.expect({ resource: 'POST /webhooks/payments' })
      t.equal(
        path.at(-1)?.attributes['houselights.request_id'],
        line.reqId,
        'the log line is found by the span',
      )
      t.equal(collector.headers['x-collector-key'], 's p')
    },
  )

  t.test(`a node that does not trace takes the messages of one that does, over ${bus}`, async (t) => {
    const { collector, start, more } = await startTwo(t, bus)
    const here = await start(envOf(collector, 'here', more))
    const there = await start(more)
    const socket = await openV1(there, await openSession(there, 'staff'))
    socket.subscribe()
    await socket.expect({ type: 'snapshot' })
    await payOrder(here)
    await socket.expect({ type: 'event', name: 'order.confirmed' })
    t.equal(there.app.tracer, null)
  })
}

t.test('no span holds what clients send or the database holds', async (t) => {
  const { collector, start } = await startTwo(t, 'postgresql')
  const node = await start(envOf(collector, 'here', {}))
  await payOrder(node)
  const admin = await signIn(node.url, 'admin')
  t.equal((await admin.get('/api/users')).status, 200)
  await createClient(node.url).get('/api/seats/demo-a1?key=a-key-nobody-may-see')
  await createClient(node.url).get('/s/a-token-nobody-may-see')
  await createClient(node.url).post('/api/auth/login', { username: 'asha-nobody', password: 'wrong' })
  await createClient(node.url).get('/healthz')
  // a statement that fails names its values
  await node.db.$executeRaw`ALTER TABLE menu_items RENAME COLUMN diet TO diets`
  t.equal((await createClient(node.url).get('/api/seats/demo-a1')).status, 500)
  const last = await until(
    () =>
      collector.spans.find(
        ({ kind, attributes }) => kind === SERVER && attributes['http.response.status_code'] === 500,
      ),
    'the last request’s span',
  )
  t.equal(last.name, 'GET /api/seats/:seatToken')
  const { text, spans } = collector
  const hidden = [
    'demo-a1',
    'nobody',
    'peanuts',
    '98765',
    'sessionid',
    'evt_1',
    'pay_1',
    'sim_',
    'razorpay-signature',
  ]
  for (const secret of [...hidden, ...admin.cookies.values()]) t.notOk(text.includes(secret), secret)
  t.ok(
    spans.some(({ name }) => name.startsWith('prisma:client')),
    'Prisma’s spans are among them',
  )
  t.notOk(
    spans.some(({ name }) => name.includes('healthz')),
    'probes are not traced',
  )
  t.notOk(text.includes('"exception'), 'no error’s text')
  const roots = spans.filter(({ parentSpanId }) => !parentSpanId)
  t.same(
    roots.filter(({ kind }) => kind !== SERVER),
    [],
    'only requests begin a trace',
  )
})

t.test('only a trusted proxy continues a trace', async (t) => {
  const { collector, start } = await startTwo(t, 'postgresql')
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }
  const proxied = { ...headers, 'x-forwarded-for': '192.0.2.1' }
  const stranger = await start(envOf(collector, 'stranger', {}))
  const behind = await start(envOf(collector, 'behind', { TRUST_PROXY: '127.0.0.1' }))
  for (const { url } of [stranger, behind])
    await createClient(url).get('/api/seats/demo-a1', { headers: proxied })
  const spanOf = (name: string) =>
    until(
      () =>
        collector.spans.find(({ kind, resource }) => kind === SERVER && resource['service.name'] === name),
      name,
    )
  t.equal((await spanOf('behind')).traceId, traceId)
  t.not((await spanOf('stranger')).traceId, traceId)
})

t.test(
  'a share of the requests is traced, and requests of one connection are traces of their own',
  async (t) => {
    const { collector, start } = await startTwo(t, 'postgresql')
    const some = await start(
      envOf(collector, 'none', {
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0',
      }),
    )
    const all = await start(envOf(collector, 'all', {}))
    for (const { url } of [some, all, all, all])
      await fetch(`${url}/api/seats/demo-a1`).then((answer) => answer.text())
    const servers = () => collector.spans.filter(({ kind }) => kind === SERVER)
    await until(() => servers().length >= 3, 'three requests')
    t.equal(new Set(servers().map(({ traceId }) => traceId)).size, 3)
    t.same(new Set(servers().map(({ resource }) => resource['service.name'])), new Set(['all']))
  },
)
