import t from 'tap'
import { FairQueue, type QueuePriority } from '../../src/concurrency/fair-queue.js'

/** A queue whose only runner is busy until `free`, and the names of the tasks that ran after it, in order. */
async function busyQueue(options: { maxWaiting?: number; maxWaitMs?: number; taskMs?: number } = {}) {
  const { maxWaiting = 100, maxWaitMs = 1000, taskMs = 100 } = options
  let now = 1
  const queue = new FairQueue({ concurrency: 1, maxWaiting, maxWaitMs, now: () => now })
  const ran: string[] = []
  const refused: string[] = []
  // the average duration is known after the first
  await queue.run({ urgent: false, keys: [] }, async () => {
    now += taskMs
  })
  let free = () => {}
  const first = queue.run({ urgent: true, keys: [] }, () => new Promise<void>((resolve) => (free = resolve)))
  const added: Promise<void>[] = []
  return {
    queue,
    ran,
    refused,
    add(name: string, priority: Partial<QueuePriority> = {}) {
      const task = queue.run({ urgent: false, keys: [name], ...priority }, async () => void ran.push(name))
      added.push(
        task.catch((error: { code?: string }) => {
          t.equal(error.code, 'unavailable')
          refused.push(name)
        }),
      )
    },
    advance(ms: number) {
      now += ms
    },
    async finish() {
      free()
      await Promise.all([first, ...added])
    },
  }
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => i)

t.test('urgent tasks first, then the keys that failed least, then the oldest', async (t) => {
  const { queue, add, ran, finish } = await busyQueue()
  queue.noteFailure(['a guesser'])
  queue.noteFailure(['a guesser', 'an account'])
  add('guess', { keys: ['a guesser', 'another account'] })
  add('the attacked account', { keys: ['elsewhere', 'an account'] })
  add('one')
  add('two')
  add('marked', { urgent: true, keys: ['a guesser'] })
  await finish()
  t.same(ran, ['marked', 'one', 'two', 'the attacked account', 'guess'])
})

t.test('failures are forgotten after a minute, and an error of a task is its caller’s', async (t) => {
  const { queue, add, ran, advance, finish } = await busyQueue()
  queue.noteFailure(['one'])
  advance(59_000)
  queue.noteFailure(['one'])
  advance(1001)
  add('one')
  add('two')
  const failing = queue.run({ urgent: true, keys: [] }, async () => {
    throw new Error('the database is away')
  })
  await Promise.all([t.rejects(failing, /away/), finish()])
  t.same(ran, ['one', 'two'])
})

t.test('a full queue refuses the worst: what failed most, then the oldest', async (t) => {
  const { queue, add, ran, refused, finish } = await busyQueue({ maxWaiting: 3 })
  queue.noteFailure(['guess'])
  add('marked', { urgent: true })
  add('one')
  add('guess')
  add('two')
  add('three')
  await finish()
  t.same(refused, ['guess', 'one'])
  t.same(ran, ['marked', 'two', 'three'])
})

t.test('during an attack no more wait than can be run in time; urgent ones all do', async (t) => {
  const { queue, add, ran, refused, advance, finish } = await busyQueue({ maxWaitMs: 1000, taskMs: 100 })
  for (const i of numbered(30)) add(`before ${i}`)
  t.same(refused, [], 'no attack yet')
  for (const i of numbered(40)) queue.noteFailure([`address ${i}`])
  for (const i of numbered(30)) add(`marked ${i}`, { urgent: true })
  add('the last')
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(refused.length, 21)
  t.same(refused.slice(0, 2), ['before 0', 'before 1'])
  advance(60_000)
  for (const i of numbered(30)) add(`after ${i}`)
  await finish()
  t.equal(refused.length, 21, 'the attack is over')
  t.same(
    ran.slice(0, 30),
    numbered(30).map((i) => `marked ${i}`),
  )
  t.ok(ran.includes('the last'))
})
