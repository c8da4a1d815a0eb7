import t from 'tap'
import {
  chatMessageOf,
  chatReadOf,
  type LiveEvent,
  orderOf,
  parseServerMessage,
} from '../../web/live/messages.js'

/** An event as it is received: not necessarily one that this version knows. */
function event(name: string, data: unknown): LiveEvent {
  const frame = { type: 'event', group: 'theatre:1:chat', seq: 7, name, at: '2026-11-23T20:00:00.000Z', data }
  return frame as LiveEvent
}

t.test('a frame with group and position is returned as it is, whatever its type', async (t) => {
  for (const message of [
    event('order.seen', { id: 7 }),
    { type: 'snapshot', group: 'order:7', seq: 0, data: {} },
    { type: 'a type of a later version', more: true },
  ]) {
    t.strictSame(parseServerMessage(JSON.stringify(message)), message)
  }
})

t.test('a frame that would corrupt a cursor is refused', async (t) => {
  for (const frame of [
    'not json',
    'null',
    '[]',
    '{}',
    '{"type":7}',
    '{"type":"event","group":"order:7"}',
    '{"type":"event","group":7,"seq":1}',
    '{"type":"event","group":"order:7","seq":"1"}',
    '{"type":"snapshot","group":"order:7","seq":1.5}',
  ]) {
    t.throws(() => parseServerMessage(frame), frame)
  }
})

t.test('data is read by the name of its event, and an unknown name has none', async (t) => {
  const data = { chat: 7, id: 7 }
  const readers = [orderOf, chatMessageOf, chatReadOf]
  const read = (name: string) => readers.map((of) => of(event(name, data)) === (data as unknown))
  t.strictSame(read('order.confirmed'), [true, false, false])
  t.strictSame(read('payment.paid'), [true, false, false])
  t.strictSame(read('chat.message'), [false, true, false])
  t.strictSame(read('chat.read'), [false, false, true])
  t.strictSame(read('novelty'), [false, false, false])
})
