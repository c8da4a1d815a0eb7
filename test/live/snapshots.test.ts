import t from 'tap'
import { SnapshotQueue, SnapshotQueues, type SnapshotRow } from '../../src/live/snapshot-queue.js'
import { SnapshotSharing } from '../../src/live/snapshot-sharing.js'
import { type GroupName, orderGroup, theatreOrders } from '../../src/protocol/groups.js'
import { startNode } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { openV1 } from '../helpers/socket-client.js'
import { until, untilSame } from '../helpers/until.js'
import { textsOf } from './model.js'

interface Call {
  groups: readonly GroupName[]
  /** Ends the read with a snapshot of seq 1 for each group. */
  answer(): void
  fail(): void
}

/** Reads that end when the test says so. */
function createDatabase() {
  const calls: Call[] = []
  const read = (groups: readonly GroupName[]) =>
    new Promise<ReadonlyMap<GroupName, SnapshotRow>>((resolve, reject) => {
      const row = { seq: 1, epoch: 0, data: '{}' }
      calls.push({
        groups,
        answer: () => resolve(new Map(groups.map((group) => [group, row]))),
        fail: () => reject(new Error('the database is away')),
      })
    })
  return { calls, read }
}

const sharingOf = (id: number, announced = () => 1) => new SnapshotSharing(orderGroup(id), announced)
const GUEST = { isCustomer: true }
const STAFF = { isCustomer: false }

t.test('reads that nobody waits for are dropped', async (t) => {
  const { calls, read } = createDatabase()
  const queue = new SnapshotQueue(read, { concurrent: 1, batch: 10 })
  void sharingOf(1).read({}, queue)
  const gone = Array.from({ length: 1000 }, (_, i) => ({ sharing: sharingOf(i + 2), reader: {} }))
  const waits = gone.map(({ sharing, reader }) => sharing.read(reader, queue))
  const stays = sharingOf(2000)
  const snapshot = stays.read({}, queue)
  t.equal(queue.size, 1001)
  for (const { sharing, reader } of gone) sharing.leave(reader)
  t.equal(queue.size, 1)
  t.strictSame([...new Set(await Promise.all(waits))], [null])
  calls[0]?.answer()
  await untilSame(t, 'the next read', () => calls.map(({ groups }) => groups), [
    [orderGroup(1)],
    [orderGroup(2000)],
  ])
  calls[1]?.answer()
  t.match(await snapshot, { seq: 1, epoch: 0 })
})

t.test('a group has at most one read in a queue, which goes on while somebody waits', async (t) => {
  const { calls, read } = createDatabase()
  const queue = new SnapshotQueue(read, { concurrent: 1, batch: 10 })
  void sharingOf(1).read({}, queue)
  const sharing = sharingOf(2)
  const readers = [{}, {}, {}]
  const snapshots = readers.map((reader) => sharing.read(reader, queue))
  t.equal(queue.size, 1)
  for (const reader of readers.slice(1)) sharing.leave(reader)
  t.equal(queue.size, 1)
  calls[0]?.answer()
  await until(() => calls[1], 'the read')
  t.strictSame(calls[1]?.groups, [orderGroup(2)])
  calls[1]?.answer()
  const [first, ...others] = await Promise.all(snapshots)
  t.strictSame(textsOf(first?.frame ?? Buffer.alloc(0)), [
    '{"type":"snapshot","group":"order:2","seq":1,"data":{}}',
  ])
  for (const other of others) t.equal(other, first)
})

t.test('a read is as old as its beginning, not as its wait', async (t) => {
  const { calls, read } = createDatabase()
  const queue = new SnapshotQueue(read, { concurrent: 1, batch: 10 })
  let announced = 1
  void sharingOf(1).read({}, queue)
  const sharing = sharingOf(2, () => announced)
  const early = sharing.read({}, queue)
  announced = 2
  const late = sharing.read({}, queue)
  t.equal(queue.size, 1, 'it has not begun: it will see the event')
  calls[0]?.answer()
  await until(() => calls[1], 'the read')
  const same = sharing.read({}, queue)
  announced = 3
  const next = sharing.read({}, queue)
  t.equal(queue.size, 1, 'the running one may be too old')
  calls[1]?.answer()
  t.equal(await early, await late)
  t.equal(await same, await late)
  await until(() => calls[2], 'the next read')
  calls[2]?.answer()
  t.not(await next, await late)
})

t.test('a failed read fails for those who wait, and the next one begins', async (t) => {
  const { calls, read } = createDatabase()
  const queue = new SnapshotQueue(read, { concurrent: 1, batch: 10 })
  const sharing = sharingOf(1)
  const failed = sharing.read({}, queue)
  calls[0]?.fail()
  await t.rejects(failed, /away/)
  const again = sharing.read({}, queue)
  calls[1]?.answer()
  t.match(await again, { seq: 1 })
})

t.test('guests and the theatres of staff wait apart', async (t) => {
  const { calls, read } = createDatabase()
  const queues = new SnapshotQueues(read)
  for (let i = 1; i <= 100; i++) void sharingOf(i).read({}, queues.of(orderGroup(i), GUEST))
  t.equal(queues.size, 99)
  const group = theatreOrders(1)
  void new SnapshotSharing(group, () => 1).read({}, queues.of(group, STAFF))
  void sharingOf(200).read({}, queues.of(orderGroup(200), STAFF))
  t.strictSame(
    calls.map(({ groups }) => groups),
    [[orderGroup(1)], [group], [orderGroup(200)]],
    'the staff’s begin at once',
  )
  for (const call of calls) call.answer()
  await until(() => calls.length === 4, 'a batch of the guests')
  t.equal(calls[3]?.groups.length, 32)
})

t.test('an admin’s many theatres come by batches, which delay nobody', async (t) => {
  const node = await startNode(t)
  const { hub } = node.app
  await node.db.theatre.createMany({
    data: Array.from({ length: 200 }, (_, i) => ({
      name: `Theatre ${i}`,
      timeZone: 'Asia/Kolkata',
      maxTime: 30,
      minTime: 5,
    })),
  })
  const gates: (() => Promise<unknown>)[] = []
  const { readSnapshots } = hub
  hub.readSnapshots = (groups) =>
    new Promise((resolve) => {
      gates.push(() => {
        const read = readSnapshots.call(hub, groups)
        resolve(read)
        return read
      })
    })
  const pages = await Promise.all([1, 2, 3].map(async () => openV1(node, await openSession(node, 'admin'))))
  for (const page of pages) page.subscribe()
  await until(() => gates.length === 2, 'the first reads')
  const staff = await openV1(node, await openSession(node, 'staff2'))
  staff.subscribe()
  await staff.roundTrip()
  let opened = 0
  const isHere = () => staff.history.some(({ type }) => type === 'snapshot')
  await until(async () => {
    const open = gates.shift()
    if (!open) return false
    opened++
    await open()
    // what was sent before the answer is here
    await staff.roundTrip()
    return isHere()
  }, 'the snapshot')
  t.ok(opened <= 12, `after ${opened} batches`)
  const all = () => pages.map(({ history }) => history.filter(({ type }) => type === 'snapshot').length)
  await untilSame(
    t,
    'the admin’s pages get all',
    () => {
      for (const open of gates.splice(0)) void open()
      return all()
    },
    [202, 202, 202],
  )
})
