import t from 'tap'
import { DeadlineError, within } from './deadline.js'
import { contains, Mailbox } from './mailbox.js'

interface Item {
  type: string
  seq?: number
}

t.test('what came is taken in order, once, past what does not match', async (t) => {
  const box = new Mailbox<Item>('box')
  box.push({ type: 'event', seq: 1 })
  box.push({ type: 'hello' })
  box.push({ type: 'event', seq: 2 })
  t.match(await box.expect({ type: 'hello' }), { type: 'hello' })
  t.match(await box.expect({ type: 'event' }), { seq: 1 })
  t.match(await box.expect((item) => item.type === 'event'), { seq: 2 })
  await t.rejects(box.expect({ type: 'event' }, { within: 1 }), DeadlineError)
  t.equal(box.history.length, 3)
})

t.test('what is yet to come goes to the first that waits for it', async (t) => {
  const box = new Mailbox<Item>('box')
  const waits = [box.expect({ type: 'a' }), box.expect({ type: 'b' }), box.expect({ type: 'a' })]
  box.push({ type: 'b', seq: 1 })
  box.push({ type: 'a', seq: 2 })
  box.push({ type: 'a', seq: 3 })
  t.strictSame(
    (await Promise.all(waits)).map(({ seq }) => seq),
    [2, 1, 3],
  )
})

t.test('a wait that gave up takes nothing any more', async (t) => {
  const box = new Mailbox<Item>('box')
  await t.rejects(box.expect({ type: 'a' }, { within: 1 }), { message: /box: .*'a'/ })
  box.push({ type: 'a' })
  t.match(await box.expect({ type: 'a' }), { type: 'a' })
})

t.test('refute looks when its marker has come', async (t) => {
  const box = new Mailbox<Item>('box')
  box.push({ type: 'a' })
  await box.expect({ type: 'a' })
  await box.refute({ type: 'a' }, { until: Promise.resolve() })
  let mark = () => {}
  const refuted = box.refute({ type: 'b' }, { until: new Promise<void>((resolve) => (mark = resolve)) })
  box.push({ type: 'b' })
  mark()
  await t.rejects(refuted, { message: /must not.*'b'/ })
})

t.test('a part is contained', async (t) => {
  const whole = { a: { b: [1, { c: 2, d: 3 }] }, e: null, f: 'x' }
  for (const part of [{}, { e: null }, { a: { b: [1, { c: 2 }] } }, { f: 'x', a: {} }])
    t.ok(contains(whole, part))
  for (const part of [
    { e: undefined },
    { a: { b: [1] } },
    { a: [] },
    { f: 'y' },
    { g: 1 },
    { a: { b: { 0: 1 } } },
  ]) {
    t.notOk(contains(whole, part), JSON.stringify(part))
  }
})

t.test('a deadline says what was waited for, and passes on what came', async (t) => {
  await t.rejects(within(new Promise(() => {}), 1, 'nothing'), { message: 'waited 1 ms in vain for nothing' })
  t.equal(await within(Promise.resolve(7), 1000, 'seven'), 7)
  await t.rejects(within(Promise.reject(new Error('broken')), 1000, 'it'), { message: 'broken' })
})
