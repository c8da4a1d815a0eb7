import t from 'tap'
import { KeyedQueue } from '../../src/concurrency/keyed-queue.js'

t.test(
  'tasks of one key run in order, those of different keys concurrently, and the queue is bounded',
  async (t) => {
    const queue = new KeyedQueue()
    const order: string[] = []
    const opened: (() => void)[] = []
    const task = (name: string) => async () => {
      order.push(`${name} starts`)
      await new Promise<void>((resolve) => opened.push(resolve))
      order.push(`${name} ends`)
      if (name === 'a1') throw new Error('a1 failed')
      return name
    }
    const first = queue.run('a', task('a1'))
    const second = queue.run('a', task('a2'))
    const beside = queue.run('b', task('b1'))
    await new Promise(setImmediate)
    t.strictSame(order, ['a1 starts', 'b1 starts'])
    opened.shift()?.()
    await t.rejects(first, { message: 'a1 failed' })
    while (opened.length < 2) await new Promise(setImmediate)
    for (const open of opened) open()
    t.strictSame(await Promise.all([second, beside]), ['a2', 'b1'])

    let end = () => {}
    const blocked = new Promise<void>((resolve) => {
      end = resolve
    })
    const many = Array.from({ length: 257 }, () =>
      queue
        .run('c', () => blocked)
        .then(
          () => 'done',
          (error: unknown) => (error instanceof Error ? Reflect.get(error, 'code') : error),
        ),
    )
    end()
    const outcomes = await Promise.all(many)
    t.equal(outcomes.filter((outcome) => outcome === 'done').length, 256)
    t.equal(outcomes.at(-1), 'unavailable')
    t.equal(await queue.run('c', async () => 'accepted again'), 'accepted again')
  },
)

t.test('a task that can’t start in time is refused and never runs', async (t) => {
  const queue = new KeyedQueue(20)
  const done: string[] = []
  let end = () => {}
  const first = queue.run('a', async () => {
    await new Promise<void>((resolve) => {
      end = resolve
    })
    done.push('first')
  })
  const waiting = ['second', 'third'].map((name) => queue.run('a', async () => void done.push(name)))
  for (const late of waiting) await t.rejects(late, { code: 'unavailable', status: 503 })
  end()
  await first
  await queue.run('a', async () => void done.push('next'))
  t.strictSame(done, ['first', 'next'], 'a task that has started has no time limit')
})
