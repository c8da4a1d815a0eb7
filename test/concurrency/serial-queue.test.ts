import t from 'tap'
import { Turns } from '../../src/concurrency/serial-queue.js'

t.test('one turn at a time for each key, in order, up to the bound', async (t) => {
  const turns = new Turns<object>(2)
  const [a, b] = [{}, {}]
  const ran: string[] = []
  const take = (key: object, name: string) => turns.take(key, () => ran.push(name))
  t.same(
    [take(a, 'a1'), take(b, 'b1'), take(a, 'a2'), take(a, 'a3'), take(a, 'a4')],
    [true, true, true, true, false],
  )
  t.same(ran, ['a1', 'b1'])
  t.equal(turns.waiting(a), 2)
  turns.done(a)
  t.same(ran, ['a1', 'b1', 'a2'])
  t.ok(take(a, 'a5'), 'there is room again')
  turns.done(a)
  turns.done(a)
  turns.done(a)
  t.same(ran, ['a1', 'b1', 'a2', 'a3', 'a5'])
  t.notOk(turns.isTaken(a))
  t.ok(turns.isTaken(b))
  take(b, 'b2')
  turns.drop(b)
  turns.done(b)
  t.same(ran.at(-1), 'a5', 'what was dropped does not run')
})
