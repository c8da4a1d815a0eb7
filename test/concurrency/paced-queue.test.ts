import { setImmediate as nextIteration } from 'node:timers/promises'
import t from 'tap'
import { PacedQueue } from '../../src/concurrency/paced-queue.js'

t.test('starts a few tasks in each iteration of the event loop, the oldest first', async (t) => {
  const queue = new PacedQueue(2)
  const started: number[] = []
  for (let i = 1; i <= 5; i++) queue.run(() => started.push(i))
  t.same(started, [1, 2], 'the first ones at once')
  await nextIteration()
  t.same(started, [1, 2, 3, 4])
  queue.run(() => started.push(6))
  t.same(started, [1, 2, 3, 4], 'none overtakes')
  await nextIteration()
  t.same(started, [1, 2, 3, 4, 5, 6])
  await nextIteration()
  queue.run(() => started.push(7))
  t.equal(started.at(-1), 7, 'there is room again')
})

t.test('a task that a task adds waits for the next iteration when this one is full', async (t) => {
  const queue = new PacedQueue(1)
  const started: string[] = []
  queue.run(() => {
    started.push('first')
    queue.run(() => started.push('second'))
  })
  t.same(started, ['first'])
  await nextIteration()
  t.same(started, ['first', 'second'])
})
