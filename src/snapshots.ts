import { theatreChatSnapshot } from './chat/chat-snapshots.js'
import type { Database, Transaction } from './database/client.js'
import { readHeads } from './events/event-log.js'
import { orderSnapshot, theatreOrdersSnapshot } from './orders/order-snapshots.js'
import { type GroupName, readGroup } from './protocol/groups.js'

/**
 * A group's state as of its counter and the epoch of rights, all in one snapshot of the database: at read committed
 * the state and the counter would belong to different moments.
 */
export async function readSnapshot(db: Database, group: GroupName) {
  return await db.$transaction(
    async (tx) => {
      const { seqs, epoch } = await readHeads(tx, [group])
      return { seq: seqs.get(group) ?? 0, epoch, data: JSON.stringify(await readState(tx, group)) }
    },
    { isolationLevel: 'RepeatableRead' },
  )
}

async function readState(tx: Transaction, group: GroupName): Promise<unknown> {
  const parts = readGroup(group)
  switch (parts?.kind) {
    case 'theatre-orders':
      return theatreOrdersSnapshot(tx, parts.theatreId)
    case 'theatre-chat':
      return theatreChatSnapshot(tx, parts.theatreId)
    case 'order':
      return orderSnapshot(tx, parts.orderId)
    default:
      throw new Error(`no group: ${group}`)
  }
}
