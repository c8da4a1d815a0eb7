import t from 'tap'
import { checkConnection } from '../../src/database/connection-check.js'
import { orderFrom } from '../helpers/customers.js'
import { testDatabase } from '../helpers/database.js'
import { startNode } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { openV1 } from '../helpers/socket-client.js'
import { startTransactionPooler } from '../helpers/transaction-pooler.js'

t.test('statements are prepared, but not through a pooler that forgets them', async (t) => {
  const { url } = await testDatabase(t)
  t.match(await checkConnection(url), { prepares: true, lostSettings: [], missingRights: [] })
  const pooled = await startTransactionPooler(t, url)
  for (const node of ['the first', 'the next'])
    t.match(await checkConnection(pooled), { prepares: false }, `${node} node to start`)
  t.equal(await checkConnection('postgresql://nobody@127.0.0.1:1/none'), null, 'away: that shows elsewhere')
})

t.test('orders reach the board through such a pooler', async (t) => {
  const database = await testDatabase(t, { demo: true })
  const url = await startTransactionPooler(t, database.url)
  const service = await startNode(t, { database: { ...database, url } })
  const board = await openV1(service, await openSession(service, 'staff'))
  board.subscribe()
  await board.expect({ type: 'snapshot' })
  // more at once than the pool has connections
  const seats = Array.from({ length: 10 }, (_, i) => ['a', 'b'].map((row) => `demo-${row}${i + 1}`)).flat()
  const orders = await Promise.all(
    seats.map((seat) => orderFrom(service.url, seat, { 'Masala Chai': 1 }, 'cash')),
  )
  const placed = new Set<unknown>()
  for (let i = 0; i < 2 * orders.length; i++) {
    const { name, data } = await board.expect({ type: 'event' })
    if (name === 'order.confirmed') placed.add((data as { id: number }).id)
  }
  t.same([...placed].sort(), orders.map(({ orderId }) => orderId).sort())
})
