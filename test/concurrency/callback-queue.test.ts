import t from 'tap'
import { CallbackQueue } from '../../src/concurrency/callback-queue.js'

t.test('runs one task at a time per key, in FIFO order, up to the bound', async (t) => {
  const queue = new CallbackQueue<object>(2)
  const [a, b] = [{}, {}]
  const ran: string[] = []
  const push = (key: object, name: string) => queue.push(key, () => ran.push(name))
  t.same(
    [push(a, 'a1'), push(b, 'b1'), push(a, 'a2'), push(a, 'a3'), push(a, 'a4')],
    [true, true, true, true, false],
  )
  t.same(ran, ['a1', 'b1'])
  t.equal(queue.pending(a), 2)
  queue.finish(a)
  t.same(ran, ['a1', 'b1', 'a2'])
  t.ok(push(a, 'a5'), 'there is room again')
  queue.finish(a)
  queue.finish(a)
  queue.finish(a)
  t.same(ran, ['a1', 'b1', 'a2', 'a3', 'a5'])
  t.notOk(queue.isBusy(a))
  t.ok(queue.isBusy(b))
  push(b, 'b2')
  queue.clear(b)
  queue.finish(b)
  t.same(ran.at(-1), 'a5', 'a cleared task does not run')
})
