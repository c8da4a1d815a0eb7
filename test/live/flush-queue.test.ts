import t from 'tap'
import { FlushQueue } from '../../src/live/flush-queue.js'
import { until } from '../helpers/until.js'

/** A feed that logs its flushes and takes `ms` of CPU for each. */
function feed(log: string[], name: string, ms = 0) {
  return {
    flush() {
      log.push(name)
      for (const began = performance.now(); performance.now() - began < ms; );
    },
  }
}

t.test('events of one iteration of the event loop are one flush', async (t) => {
  const queue = new FlushQueue()
  const log: string[] = []
  const [a, b] = [feed(log, 'a'), feed(log, 'b')]
  for (const each of [a, b, a, a]) queue.schedule(each)
  t.same(log, [], 'not at once')
  await until(() => log.length > 0, 'the flush')
  t.same(log, ['a', 'b'])
  queue.schedule(a)
  await until(() => log.length > 2, 'the next flush')
  t.same(log, ['a', 'b', 'a'])
})

t.test('a feed whose flush took long rests, and the others do not wait for it', async (t) => {
  const queue = new FlushQueue()
  const log: string[] = []
  const large = feed(log, 'large', 20)
  const small = feed(log, 'small')
  queue.schedule(large)
  await until(() => log.length === 1, 'the long flush')
  for (const each of [large, small, large]) queue.schedule(each)
  await until(() => log.length === 3, 'both flushes')
  t.same(log, ['large', 'small', 'large'], 'the small one first; what came meanwhile is one flush')
})

t.test('a closed feed is not flushed any more', async (t) => {
  const queue = new FlushQueue()
  const log: string[] = []
  const large = feed(log, 'large', 20)
  queue.schedule(large)
  await until(() => log.length === 1, 'the long flush')
  queue.schedule(large)
  queue.forget(large)
  const other = feed(log, 'other', 20)
  queue.schedule(other)
  await until(() => log.length === 2, 'the flush of another')
  queue.schedule(other)
  await until(() => log.length === 3, 'a flush after a rest')
  t.same(log, ['large', 'other', 'other'])
})
