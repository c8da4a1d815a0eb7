import t from 'tap'
import { recover } from '../../src/backup/recovery.js'
import { theatreOrders } from '../../src/protocol/groups.js'
import { withClient } from '../helpers/database-template.js'
import { emit, head } from '../helpers/live-events.js'
import { startNode } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { openV1 } from '../helpers/socket-client.js'

const GROUP = theatreOrders(1)

t.test('after a restore to an earlier time every earlier cursor gets a snapshot', async (t) => {
  const before = await startNode(t)
  await emit(before, GROUP, 10)
  const { database } = before
  await before.close()
  // an older backup: seven events are lost, and their seqs will be used again
  await withClient(database.url, async (client) => {
    await client.query('DELETE FROM live_events WHERE seq > 3')
    await client.query('UPDATE live_groups SET seq = 3')
    await recover(client, 'public', [])
  })
  const after = await startNode(t, { database })
  const staff = await openSession(after, 'staff')
  const sockets = await Promise.all(
    [2, 3, 7, 10].map(async (cursor) => ({ cursor, socket: await openV1(after, staff) })),
  )
  for (const { cursor, socket } of sockets) socket.subscribe({ [GROUP]: cursor })
  const at = await head(after.db, GROUP)
  for (const { cursor, socket } of sockets) {
    t.match(await socket.expect({ type: 'snapshot' }), { group: GROUP, seq: at }, `from ${cursor}`)
  }
  const next = await emit(after, GROUP)
  for (const { socket } of sockets) t.match(await socket.expect({ type: 'event' }), { seq: next })
})
