import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { withDeadline } from '../../src/concurrency/deadline.js'

const late = () => new Error('too late')

t.test('settles as the work does, and clears its timer', async (t) => {
  const clear = t.capture(globalThis, 'clearTimeout', globalThis.clearTimeout)
  t.equal(await withDeadline(Promise.resolve(7), 60_000, late), 7)
  await t.rejects(withDeadline(Promise.reject(new Error('broken')), 60_000, late), { message: 'broken' })
  t.equal(clear().length, 2)
})

t.test('a reply that is there when a late event loop comes to the expired deadline counts', async (t) => {
  const reply = stat(fileURLToPath(import.meta.url))
  const result = withDeadline(reply, 1, late)
  const blockedUntil = performance.now() + 500
  while (performance.now() < blockedUntil);
  await t.resolves(result)
})

t.test('rejects at the deadline, and ignores a later rejection of the work', async (t) => {
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', onUnhandled)
  t.teardown(() => process.off('unhandledRejection', onUnhandled))
  let fail = (_error: Error) => {}
  const work = new Promise<never>((_, reject) => {
    fail = reject
  })
  await t.rejects(withDeadline(work, 1, late), { message: 'too late' })
  fail(new Error('later'))
  await new Promise((resolve) => setImmediate(resolve))
  t.same(unhandled, [])
})
