import t from 'tap'
import type { Database } from '../../src/database/client.js'
import { createDatabase } from '../../src/database/client.js'
import {
  append,
  deleteOlderThan,
  type NewEvent,
  readAccessChanges,
  readAfter,
  readHeads,
} from '../../src/events/event-log.js'
import { orderGroup, theatreOrders } from '../../src/protocol/groups.js'
import { testDatabase } from '../helpers/database.js'
import { withClient } from '../helpers/database-template.js'
import { Random, seedOfRun } from '../helpers/random.js'

const [ONE, TWO, ORDER] = [theatreOrders(1), theatreOrders(2), orderGroup(9)]

// The log stores any JSON.
const event = (group: NewEvent['group'], data: unknown) => ({ group, name: 'order.placed', data }) as NewEvent
const CHANGE = { kind: 'user_changed', userId: 1, sessionId: null } as const

const appendTo = (db: Database, ...[events, changes]: [NewEvent[], (typeof CHANGE)[]?]) =>
  db.$transaction((tx) => append(tx, events, changes))

t.test('numbers each group separately, and keeps the order and the exact data', async (t) => {
  const { db } = await testDatabase(t)
  const odd = { text: 'a "b" \n \\u0000 ü 𝄞', deep: [{ a: null }], big: 1e21 }
  const { events, epoch } = await appendTo(db, [
    event(ONE, { n: 1 }),
    event(ORDER, odd),
    event(ONE, { n: 2 }),
    event(TWO, { n: 1 }),
    event(ONE, { n: 3 }),
  ])
  t.equal(epoch, 0)
  t.same(
    events.map(({ group, seq }) => [group, seq]),
    [
      [ONE, 1],
      [ORDER, 1],
      [ONE, 2],
      [TWO, 1],
      [ONE, 3],
    ],
  )
  for (const group of [ONE, TWO, ORDER]) {
    t.same(
      await readAfter(db, group, 0, 100),
      events.filter((appended) => appended.group === group),
      `${group} is read as it was appended`,
    )
  }
  t.same(
    (await readAfter(db, ONE, 1, 1)).map(({ seq }) => seq),
    [2],
  )
  const heads = await readHeads(db, [ONE, TWO, orderGroup(1)])
  t.same(
    [...heads.seqs].sort(),
    [
      [ONE, 3],
      [TWO, 1],
    ].sort(),
  )
  t.match((await appendTo(db, [event(ONE, {})])).events, [{ seq: 4 }])
})

t.test('requires read committed: otherwise the epoch would be older than the locks', async (t) => {
  const { db } = await testDatabase(t)
  await t.rejects(
    db.$transaction((tx) => append(tx, [event(ONE, {})]), { isolationLevel: 'RepeatableRead' }),
    /needs read committed/,
  )
  t.equal(await db.liveEvent.count(), 0)
})

t.test('a rolled back transaction leaves no gap', async (t) => {
  const { db } = await testDatabase(t)
  await appendTo(db, [event(ONE, {})])
  await t.rejects(
    db.$transaction(async (tx) => {
      await append(tx, [event(ONE, {}), event(TWO, {})], [CHANGE])
      throw new Error('no')
    }),
  )
  t.match(await appendTo(db, [event(ONE, {}), event(TWO, {})]), {
    epoch: 0,
    events: [{ seq: 2 }, { seq: 1 }],
  })
})

t.test(
  'each access change raises the epoch by one, and precedes the events of its transaction',
  async (t) => {
    const { db } = await testDatabase(t)
    t.match(await appendTo(db, [], [CHANGE]), { epoch: 1, events: [] })
    t.match(await appendTo(db, [event(ONE, {})], [CHANGE, CHANGE]), { epoch: 3, events: [{ epoch: 3 }] })
    t.match(await readAccessChanges(db, 1), { epoch: 3, changes: [{ epoch: 2, userId: 1 }, { epoch: 3 }] })
    t.match(await readAccessChanges(db, 3), { epoch: 3, changes: [] })
    t.match(await readHeads(db, []), { epoch: 3 })
  },
)

t.test('hundreds of racing transactions stay gapless and in commit order, the epochs too', async (t) => {
  const seed = seedOfRun()
  const random = new Random(seed)
  const { url, db: reader } = await testDatabase(t)
  const db = createDatabase({ url, poolSize: 12, poolTimeoutMs: 20_000, statementTimeoutMs: 10_000 })
  t.teardown(() => db.$disconnect())
  // reads continuously: every read must see a gapless prefix of each group and of the epochs
  let on = true
  const seen = { reads: 0, faults: [] as string[] }
  const reading = (async () => {
    while (on) {
      const rows = await reader.$queryRaw<
        { name: string; head: number; count: number; last: number; epoch: number; top: number }[]
      >`
        SELECT g.name, g.seq AS head, count(e.seq)::int AS count, max(e.seq) AS last, a.epoch::int AS epoch,
          coalesce(max(e.epoch), 0)::int AS top
        FROM live_groups g CROSS JOIN access_epoch a LEFT JOIN live_events e ON e.group_name = g.name GROUP BY 1, 2, 5`
      seen.reads++
      for (const { name, head, count, last, epoch, top } of rows) {
        if (head !== count || last !== head || top > epoch)
          seen.faults.push(`${name}: ${head} ${count} ${last}, ${top} > ${epoch}`)
      }
    }
  })()
  let changes = 0
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      for (let i = 0; i < 40; i++) {
        const groups = Array.from({ length: 1 + random.below(4) }, () => random.pick([ONE, TWO, ORDER]))
        const revokes = random.chance(0.25) ? [CHANGE] : []
        const fails = random.chance(0.1)
        await db
          .$transaction(async (tx) => {
            await append(tx, random.chance(0.1) ? [] : groups.map((group) => event(group, {})), revokes)
            if (fails) throw new Error('rolled back')
            changes += revokes.length
          })
          .catch((error: unknown) => {
            if (!fails) throw error
          })
      }
    }),
  )
  on = false
  await reading
  t.same(seen.faults, [], `SEED=${seed}`)
  t.equal((await readHeads(db, [])).epoch, changes)
  for (const group of [ONE, TWO, ORDER]) {
    const events = await readAfter(db, group, 0, 10_000)
    t.ok(events.every(({ seq }, i) => seq === i + 1))
    t.ok(
      events.every(({ epoch }, i) => epoch >= (events[i - 1]?.epoch ?? 0)),
      'epochs never decrease',
    )
  }
  t.comment(`${seen.reads} reads, SEED=${seed}`)
})

t.test(
  'a revocation waits for uncommitted events, and events wait for an uncommitted revocation',
  async (t) => {
    const { url, db } = await testDatabase(t)
    const call = 'SELECT epoch::int AS epoch FROM houselights_append($1::json, $2::json)'
    const events = JSON.stringify([event(ONE, {})])
    const changes = JSON.stringify([CHANGE])
    await withClient(url, (first) =>
      withClient(url, async (second) => {
        await first.query('BEGIN')
        await first.query(call, [events, '[]'])
        let revoked = false
        const revoking = second.query(call, ['[]', changes]).then(() => {
          revoked = true
        })
        await first.query('SELECT pg_sleep(0.2)')
        t.equal(revoked, false, 'it waits: an event of epoch 0 is not committed yet')
        await first.query('COMMIT')
        await revoking
        await first.query('BEGIN')
        await first.query(call, ['[]', changes])
        const appending = second.query<{ epoch: number }>(call, [JSON.stringify([event(TWO, {})]), '[]'])
        await first.query('SELECT pg_sleep(0.2)')
        await first.query('COMMIT')
        t.same((await appending).rows, [{ epoch: 2 }], 'the event has the epoch of the revocation before it')
      }),
    )
    t.equal((await readHeads(db, [])).epoch, 2)
  },
)

t.test('deletes only old events and access changes, in batches', async (t) => {
  const { db } = await testDatabase(t)
  await appendTo(
    db,
    Array.from({ length: 25 }, () => event(ONE, {})),
    [CHANGE, CHANGE],
  )
  await db.$executeRaw`UPDATE live_events SET at = now() - interval '3 hours' WHERE seq <= 20`
  await db.$executeRaw`UPDATE access_changes SET at = now() - interval '3 hours' WHERE epoch = 1`
  t.equal(await deleteOlderThan(db, 2, 7), 20)
  t.same(
    (await readAfter(db, ONE, 0, 100)).map(({ seq }) => seq),
    [21, 22, 23, 24, 25],
  )
  t.match(await readAccessChanges(db, 0), { epoch: 2, changes: [{ epoch: 2 }] })
  t.match((await readHeads(db, [ONE])).seqs.get(ONE), 25, 'the counter is kept')
  t.match(await appendTo(db, [event(ONE, {})]), { events: [{ seq: 26 }] })
})
