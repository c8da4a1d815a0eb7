import t from 'tap'
import {
  decodeEvents,
  decodePosition,
  decodeTrace,
  encodeEvents,
  messagesOf,
} from '../../src/live/bus/bus-messages.js'
import { orderGroup, theatreOrders } from '../../src/protocol/groups.js'
import { statementSummary } from '../../src/tracing/statement-summary.js'

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const GROUP = theatreOrders(1)
const event = {
  group: GROUP,
  seq: 7,
  epoch: 3,
  name: 'order.seen',
  at: '2026-11-29T20:00:00.000Z',
  data: '{"a":1}',
} as const

t.test('of a statement its kind and its table are recorded, and nothing else', async (t) => {
  for (const [text, summary] of [
    ['SELECT 1', 'SELECT'],
    ['COMMIT', 'COMMIT'],
    ['\n  SELECT o.id FROM orders o WHERE o.id = $1', 'SELECT orders'],
    ['INSERT INTO "public"."users" ("name") VALUES ($1)', 'INSERT users'],
    ["UPDATE sessions SET token = 'secret'", 'UPDATE sessions'],
    ['DELETE FROM live_events WHERE ctid = ANY($1)', 'DELETE live_events'],
    [
      'WITH stored AS (INSERT INTO payment_webhooks AS w (id) VALUES ($1)) SELECT 1 FROM stored',
      'INSERT payment_webhooks',
    ],
    ['WITH seat AS (SELECT 1 FROM seats) SELECT 1 FROM seat', 'SELECT seats'],
    ['', ''],
  ] as const)
    t.equal(statementSummary(text), summary, text)
})

t.test('a message carries its trace past nodes that know nothing of it', async (t) => {
  const traced = { ...event, trace: TRACE }
  const [[, message] = []] = messagesOf([traced], true)
  t.same(decodeEvents(GROUP, message ?? ''), [traced])
  // what nodes without tracing read: the words of a header line up to the time
  const [header = '', data] = (message ?? '').split('\n')
  t.same(header.split(' ').slice(0, 4), ['7', '3', 'order.seen', event.at])
  t.equal(data, event.data)
  t.equal(encodeEvents([event]), `7 3 order.seen ${event.at}\n${event.data}`, 'untraced it is as before')
})

t.test('where messages are positions the trace comes first, as one that other nodes ignore', async (t) => {
  const messages = messagesOf(
    [
      { ...event, trace: TRACE },
      { ...event, group: orderGroup(5) },
    ],
    false,
  )
  t.same(messages, [
    [GROUP, `trace 7 ${TRACE}`],
    [GROUP, '7'],
    [orderGroup(5), '7'],
  ])
  const [[, trace = ''] = []] = messages
  t.same(decodeTrace(trace), { seq: 7, trace: TRACE })
  t.equal(decodePosition(trace), null)
  t.same(decodeEvents(GROUP, trace), [])
  for (const other of ['7', 'trace', 'trace x y', `trace 7 ${'x'.repeat(200)}`])
    t.equal(decodeTrace(other), null)
})
