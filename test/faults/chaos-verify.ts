import { readGroup } from '../../src/protocol/groups.js'
import type { ChatView, MessageView, OrderView } from '../../src/protocol/views.js'
import { type AccessHistory, readAccessHistory } from './chaos-access.js'
import type { OwnPostgres } from './chaos-postgres.js'
import { eventDigest, type Received, type Records } from './chaos-record.js'
import { comparable } from './chaos-state.js'

interface LogRow {
  seq: number
  name: string
  at: Date
  epoch: number
  data: string
}

export interface LogTotals {
  events: number
  groups: number
  epochs: number
  orders: number
}

/** Compares what all clients received with the database. Violations are added to the records. */
export async function verifyRecords(records: Records, postgres: OwnPostgres): Promise<LogTotals> {
  const rows = await postgres.query<LogRow & { group_name: string }>(
    `SELECT group_name, seq, name, at, epoch::int AS epoch, data::text AS data
     FROM live_events ORDER BY group_name, seq`,
  )
  const log = new Map<string, LogRow[]>()
  for (const row of rows) {
    const list = log.get(row.group_name) ?? []
    log.set(row.group_name, list)
    if (row.seq !== list.length + 1) records.violation(`the log has a gap: ${row.group_name} ${row.seq}`)
    list.push(row)
  }
  verifyContent(records, log)
  const access = await readAccessHistory(postgres)
  for (const socket of records.sockets) verifyAccess(records, log, access, socket)
  await verifyOrders(records, log, postgres)
  const [count] = await postgres.query<{ orders: number }>('SELECT count(*)::int AS orders FROM orders')
  return { events: rows.length, groups: log.size, epochs: access.last, orders: count?.orders ?? 0 }
}

function verifyContent(records: Records, log: Map<string, LogRow[]>): void {
  for (const [group, received] of records.events) {
    const list = log.get(group) ?? []
    for (const [seq, digest] of received) {
      const row = list[seq - 1]
      if (!row) records.violation(`${group} ${seq} was received but is not in the log`)
      else if (eventDigest(row.name, row.at.toISOString(), JSON.parse(row.data)) !== digest) {
        records.violation(`${group} ${seq} was received with other content than in the log`)
      }
    }
  }
  for (const [group, received] of records.snapshots) {
    const states = fold(group, log.get(group) ?? [], new Set(received.keys()))
    for (const [seq, text] of received) {
      const wanted = states.get(seq)
      if (wanted === undefined) records.violation(`${group}: a snapshot at ${seq}, beyond the end of the log`)
      else if (text !== wanted) {
        records.violation(`${group}: the snapshot at ${seq} differs from the state after its events`)
      }
    }
  }
}

/** Computes the state after each of these seqs from the events. */
function fold(group: string, rows: readonly LogRow[], at: ReadonlySet<number>): Map<number, string> {
  const orders = new Map<number, OrderView>()
  const chats = new Map<number, ChatView>()
  const messages: MessageView[] = []
  let order: OrderView | null = null
  const kind = readGroup(group)?.kind
  const state = () => {
    if (kind === 'theatre-orders') return comparable({ orders: [...orders.values()] })
    if (kind === 'theatre-chat') return comparable({ chats: [...chats.values()] })
    return comparable({ order, messages: messages.slice(-50) })
  }
  const states = new Map<number, string>()
  if (at.has(0)) states.set(0, state())
  for (const row of rows) {
    const data = JSON.parse(row.data) as OrderView & { conversation: ChatView; message: MessageView }
    if (row.name === 'chat.message') {
      if (kind === 'theatre-chat') chats.set(data.conversation.id, data.conversation)
      else messages.push(data.message)
    } else if (['placed', 'confirmed', 'seen'].includes(data.status)) orders.set(data.id, data)
    else orders.delete(data.id)
    if (row.name !== 'chat.message') order = data
    if (at.has(row.seq)) states.set(row.seq, state())
  }
  return states
}

function verifyAccess(
  records: Records,
  log: Map<string, LogRow[]>,
  access: AccessHistory,
  socket: Received,
): void {
  const report = (what: string) => records.violation(`${socket.who} (user ${socket.userId}): ${what}`)
  for (const group of socket.groups) if (!access.mayEver(socket, group)) report(`hello listed ${group}`)
  for (const [group, { seqs, times }] of socket.events) {
    for (const [i, seq] of seqs.entries()) {
      const epoch = log.get(group)?.[seq - 1]?.epoch ?? 0
      if (!access.may(socket, group, epoch, times[i] ?? 0))
        report(`received ${group} ${seq} of epoch ${epoch}`)
    }
  }
  for (const { group, seq, at } of socket.snapshots) {
    const from = log.get(group)?.[seq - 1]?.epoch ?? 0
    const until = log.get(group)?.[seq]?.epoch ?? access.last
    let isAllowed = false
    for (let epoch = from; epoch <= until && !isAllowed; epoch++)
      isAllowed = access.may(socket, group, epoch, at)
    if (!isAllowed) report(`got a snapshot of ${group} at ${seq} (epochs ${from} to ${until})`)
  }
}

/** No change without its event: the last event of each order shows its current state. */
async function verifyOrders(
  records: Records,
  log: Map<string, LogRow[]>,
  postgres: OwnPostgres,
): Promise<void> {
  const rows = await postgres.query<{ id: number; status: string; payment: string; messages: number }>(
    `SELECT id, status::text AS status, payment_status::text AS payment,
       (SELECT count(*)::int FROM chat_messages m WHERE m.order_id = o.id) AS messages FROM orders o`,
  )
  for (const { id, status, payment, messages } of rows) {
    const events = log.get(`order:${id}`) ?? []
    const last = events.findLast(({ name }) => name !== 'chat.message')
    const order = last && (JSON.parse(last.data) as OrderView)
    const messageEvents = events.filter(({ name }) => name === 'chat.message').length
    if (order?.status !== status || order.paymentStatus !== payment || messageEvents !== messages) {
      records.violation(`order ${id} is ${status}, ${payment}, ${messages} messages, but its events differ`)
    }
  }
}
