import t from 'tap'
import { MultiMap } from '../../src/concurrency/multi-map.js'
import type { StoredEvent } from '../../src/events/event-log.js'
import { decodeEvents, encodeEvents } from '../../src/live/bus/bus-messages.js'
import { Ring } from '../../src/live/ring.js'
import { textFrame } from '../../src/live/socket/frames.js'
import { parseClientMessage, readCursor } from '../../src/protocol/client-messages.js'
import { afterClose, CloseCode } from '../../src/protocol/close-codes.js'
import {
  asGroup,
  MAX_ID,
  orderGroup,
  readGroup,
  theatreChat,
  theatreOrders,
} from '../../src/protocol/groups.js'
import { MAX_TEXT } from '../../src/protocol/subprotocol.js'
import { Random, seedOfRun } from '../helpers/random.js'
import { textsOf } from './model.js'

const GROUP = theatreOrders(1)

function event(seq: number, given: Partial<StoredEvent> = {}): StoredEvent {
  const at = '2026-11-23T10:00:00.000Z'
  return {
    group: GROUP,
    seq,
    name: 'order.placed',
    at,
    epoch: 3,
    data: `{"n":${seq}}`,
    ...given,
  }
}

t.test('textFrame encodes the three length formats of RFC 6455 5.2, in bytes', async (t) => {
  for (const [length, head] of [
    [0, [0x81, 0]],
    [125, [0x81, 125]],
    [126, [0x81, 126, 0, 126]],
    [65_535, [0x81, 126, 0xff, 0xff]],
    [65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
  ] as const) {
    const frame = textFrame('x'.repeat(length))
    t.strictSame([...frame.subarray(0, head.length)], head)
    t.equal(frame.length, head.length + length)
    t.strictSame(textsOf(frame), ['x'.repeat(length)])
  }
  const text = 'ü€𝄞'.repeat(20)
  t.equal(Buffer.byteLength(text), 180)
  t.strictSame(textsOf(Buffer.concat([textFrame(text), textFrame('a')])), [text, 'a'])
})

t.test('Ring is gapless up to its head, bounded, and shares slices', async (t) => {
  const ring = new Ring(10, 8, 1000)
  t.strictSame([ring.head, ring.tail, ring.size], [10, 10, 0])
  t.throws(() => ring.push(event(12)), RangeError)
  t.throws(() => ring.push(event(10)), RangeError)
  for (let seq = 11; seq <= 40; seq++) ring.push(event(seq))
  t.equal(ring.head, 40)
  t.ok(ring.size >= 8 && ring.size <= 10)
  t.equal(ring.sliceAfter(ring.tail - 1, 1e6), null, 'the position is older than the ring')
  const all = ring.sliceAfter(ring.tail, 1e6)
  t.equal(all?.to, 40)
  t.equal(textsOf(all?.bytes ?? Buffer.alloc(0)).length, ring.size)
  t.equal(ring.sliceAfter(ring.tail, 1e6), all, 'readers at the same position share a slice')
  ring.push(event(41))
  t.equal(ring.sliceAfter(40, 1e6)?.to, 41)
  t.same(ring.sliceAfter(41, 1e6), { bytes: Buffer.alloc(0), to: 41 })

  const small = ring.sliceAfter(ring.tail, 1)
  t.equal(small?.to, ring.tail + 1, 'at least one event')
})

t.test('Ring bounds its bytes, prepends older events and restarts empty', async (t) => {
  const ring = new Ring(0, 100, 1000)
  for (let seq = 1; seq <= 20; seq++) ring.push(event(seq, { data: `"${'x'.repeat(200)}"` }))
  t.ok(ring.size <= 7)
  ring.push(event(21, { data: `"${'x'.repeat(5000)}"` }))
  t.equal(ring.size, 1, 'an event larger than the bound is kept alone')
  const filled = new Ring(50, 10, 1e6)
  filled.prepend([event(49), event(50)])
  t.equal(filled.tail, 48)
  t.throws(() => filled.prepend([event(46)]), RangeError)
  filled.prepend(Array.from({ length: 30 }, (_, i) => event(19 + i)))
  t.equal(filled.size, 10)
  t.equal(filled.head, 50)
  t.equal(filled.sliceAfter(48, 1e6)?.to, 50)
  filled.restart(70)
  t.strictSame([filled.head, filled.tail], [70, 70])
  filled.push(event(71))
})

t.test('Ring returns the right events in thousands of random slices', async (t) => {
  const seed = seedOfRun()
  const random = new Random(seed)
  const ring = new Ring(0, 30, 4000)
  for (let seq = 1; seq <= 3000; seq++) {
    ring.push(
      event(seq, {
        data: `"${'x'.repeat(random.below(300))}"`,
      }),
    )
    const position = Math.max(0, seq - random.below(60))
    const slice = ring.sliceAfter(position, random.below(2000))
    if (slice === null) {
      if (position >= ring.tail) t.fail(`SEED=${seed}: ${position} is in the ring from ${ring.tail}`)
      continue
    }
    const seqs = textsOf(slice.bytes).map((text) => Number(/"(?:seq|s)":(\d+)/.exec(text)?.[1]))
    const inside = seqs.every(
      (found, i) => found > position && found <= slice.to && found > (seqs[i - 1] ?? 0),
    )
    if (!inside || (position < seq && slice.to <= position)) t.fail(`SEED=${seed}: ${position} gave ${seqs}`)
    if (seqs.length !== slice.to - position) t.fail(`SEED=${seed}: gap after ${position}`)
  }
})

t.test('group names are built from valid ids, and nothing else parses as one', async (t) => {
  t.equal(theatreOrders(7), 'theatre:7:orders')
  t.same(readGroup(theatreChat(MAX_ID)), { kind: 'theatre-chat', theatreId: MAX_ID })
  t.same(readGroup(orderGroup(1)), { kind: 'order', orderId: 1 })
  for (const id of [0, -1, 1.5, Number.NaN, MAX_ID + 1]) t.throws(() => orderGroup(id), RangeError)
  for (const name of [
    '',
    'order:0',
    'order:01',
    'order:1 ',
    'order:1\n',
    'order:2147483648',
    'theatre:1',
    'theatre:1:menu',
    'access',
    '__proto__',
    'order:1:orders',
  ])
    t.equal(asGroup(name), null, JSON.stringify(name))
})

t.test('parses valid client messages and refuses invalid ones with a code', async (t) => {
  const good: [string, unknown][] = [
    ['{"type":"ping","more":1}', { type: 'ping' }],
    ['{"type":"subscribe"}', { type: 'subscribe', cursors: {} }],
    ['{"type":"subscribe","cursors":{"a":1}}', { type: 'subscribe', cursors: { a: 1 } }],
    [
      '{"type":"send","chat":1,"text":"x","clientId":"c"}',
      { type: 'send', chat: 1, text: 'x', clientId: 'c' },
    ],
  ]
  for (const [text, message] of good) t.same(parseClientMessage(text), { ok: true, message })
  const many = JSON.stringify(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [i, i])))
  const bad: [string, string][] = [
    ['', 'invalid_json'],
    ['{', 'invalid_json'],
    ['null', 'invalid_message'],
    ['[{"type":"ping"}]', 'invalid_message'],
    ['{"type":{"type":"ping"}}', 'invalid_message'],
    ['{"type":"constructor"}', 'unknown_type'],
    ['{"type":"subscribe","cursors":[]}', 'invalid_message'],
    [`{"type":"subscribe","cursors":${many}}`, 'invalid_message'],
    ['{"type":"send","chat":"1","text":"x","clientId":"c"}', 'invalid_message'],
  ]
  for (const [text, code] of bad) t.match(parseClientMessage(text), { ok: false, code }, text.slice(0, 40))
  for (const cursor of [0, 1, Number.MAX_SAFE_INTEGER]) t.equal(readCursor(cursor), cursor)
  for (const cursor of [-1, 0.5, Number.NaN, 2 ** 53, '1', null, undefined, {}, true])
    t.equal(readCursor(cursor), null)
  t.ok(MAX_TEXT > 0)
})

t.test('events survive the bus encoding, and malformed messages decode to none', async (t) => {
  const data = JSON.stringify({ text: 'two\nlines \u2028 "ü" 𝄞' })
  const sent = event(5, { data })
  t.same(decodeEvents(GROUP, encodeEvents([sent])), [sent])
  t.same(decodeEvents(GROUP, encodeEvents([sent, event(6)])), [sent, event(6)])
  t.same(decodeEvents(GROUP, `1.5 0 a t\n{}\n${encodeEvents([sent])}\nx`), [sent])
  for (const text of ['', 'x', '1 2 order.placed', '1 2 order.placed t\n', '1.5 0 a t\n{}', 'x 0 a t\n{}'])
    t.same(decodeEvents(GROUP, text), [], JSON.stringify(text))
})

t.test('afterClose tells clients to reconnect, or to stop and why', async (t) => {
  t.same(afterClose(CloseCode.serviceRestart, 'retry=1234'), { action: 'retry', delayMs: 1234 })
  t.same(afterClose(CloseCode.serviceRestart, 'retry=-1'), { action: 'retry', delayMs: null })
  t.same(afterClose(1006, 'retry=5'), { action: 'retry', delayMs: null })
  for (const code of [1000, 1001, 1006, 1013]) t.match(afterClose(code, ''), { action: 'retry' })
  for (const [code, why] of [
    [4401, 'signed_out'],
    [4403, 'forbidden'],
    [1008, 'protocol'],
    [1007, 'protocol'],
    [1009, 'protocol'],
  ] as const)
    t.same(afterClose(code, ''), { action: 'stop', why })
})

t.test('MultiMap stores several values per key and removes them all', async (t) => {
  const index = new MultiMap<number, object>()
  const [a, b, c] = [{}, {}, {}]
  index.remove(1, a)
  for (const value of [a, b, c, a]) index.add(1, value)
  t.same(index.get(1), [a, b, c])
  index.remove(1, b)
  index.remove(2, a)
  t.equal(index.get(1).length, 2)
  for (const value of [a, c]) index.remove(1, value)
  t.same(index.get(1), [])
})
