import type { Database } from '../../src/database/client.js'
import { commit } from '../../src/events/commit.js'
import { type NewAccessChange, type NewEvent, readHeads } from '../../src/events/event-log.js'
import type { GroupName } from '../../src/protocol/groups.js'
import { PATIENCE } from './deadline.js'
import type { TestService } from './service.js'
import type { TestSession } from './sign-in.js'
import type { Frame, TestSocket } from './socket-client.js'

let made = 0

/** An event with a number of its own; `bytes` makes it longer. */
export function eventFor(group: GroupName, bytes = 0): NewEvent {
  const n = ++made
  const data: unknown = { n, padding: 'x'.repeat(bytes) }
  return { group, name: 'order.placed', data } as NewEvent
}

/** Commits events in one transaction and publishes them through the node. Resolves to the last seq. */
export async function emit(node: TestService, group: GroupName, count = 1, bytes = 0): Promise<number> {
  const events = Array.from({ length: count }, () => eventFor(group, bytes))
  await commit(node.app.actionContext, async () => ({ result: undefined, events }))
  return head(node.db, group)
}

/** A change that ends this session, with whatever else belongs to it. */
export async function endSession(node: TestService, { sessionId, userId }: TestSession): Promise<void> {
  const changes: NewAccessChange[] = [{ kind: 'session_ended', sessionId, userId }]
  await commit(node.app.actionContext, async (tx) => {
    await tx.session.deleteMany({ where: { id: sessionId } })
    return { result: undefined, accessChanges: changes }
  })
}

export async function head(db: Database, group: GroupName): Promise<number> {
  return (await readHeads(db, [group])).seqs.get(group) ?? 0
}

interface EventFrame extends Frame {
  group: string
  seq: number
}

const isEvent = (frame: Frame): frame is EventFrame => frame.type === 'event'

/** The seqs of a group's events as they came. */
export function seqsOf(socket: TestSocket, group: GroupName): number[] {
  return socket.history
    .filter(isEvent)
    .filter((frame) => frame.group === group)
    .map(({ seq }) => seq)
}

/** Resolves once the event of this seq has come. */
export function arrived(
  socket: TestSocket,
  group: GroupName,
  seq: number,
  within = PATIENCE,
): Promise<Frame> {
  return socket.expect((frame) => frame.type === 'event' && frame.group === group && frame.seq === seq, {
    within,
  })
}

/** first … last */
export const range = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i)

/** What has gone wrong in a history, or null: exactly `first` to `last`, in order. */
export function faultIn(seqs: readonly number[], first: number, last: number): string | null {
  const wanted = last - first + 1
  const at = seqs.findIndex((seq, i) => seq !== first + i)
  if (at >= 0) return `at ${at}: ${seqs[at]} instead of ${first + at}`
  return seqs.length === wanted ? null : `${seqs.length} events instead of ${wanted}`
}
