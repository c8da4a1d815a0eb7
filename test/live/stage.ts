import { startSession } from '../../src/accounts/session-writes.js'
import type { Database } from '../../src/database/client.js'
import { commit } from '../../src/events/commit.js'
import { type NewAccessChange, type NewEvent, readHeads } from '../../src/events/event-log.js'
import type { GroupName } from '../../src/protocol/groups.js'
import { SUBPROTOCOL } from '../../src/protocol/subprotocol.js'
import { type AppOverrides, startApp, type TestApp } from '../helpers/app.js'
import { PATIENCE } from '../helpers/deadline.js'
import { type ConnectOptions, connect, type Frame, type TestSocket } from '../helpers/socket.js'

interface Teardown {
  teardown(fn: () => unknown): unknown
}

/** A node with the demo theatres and no limits on how many come from one place. */
export function startNode(t: Teardown, { env, ...overrides }: AppOverrides = {}): Promise<TestApp> {
  return startApp(t, {
    demo: true,
    ...overrides,
    env: { RATE_LIMITS: 'off', WS_MAX_PER_USER: '100000', WS_HEARTBEAT_SECONDS: '1', ...env },
  })
}

export interface SignedIn {
  cookie: string
  sessionId: string
  userId: number
}

/** A new session of this user, without the cost of a password's hash. */
export async function signIn(node: TestApp, username: string): Promise<SignedIn> {
  const user = await node.db.user.findUniqueOrThrow({ where: { username }, select: { id: true } })
  const session = await node.db.$transaction((tx) =>
    startSession(
      tx,
      { userId: user.id, keep: false, client: { userAgent: 'test', ip: '127.0.0.1' } },
      node.config.session,
    ),
  )
  const { name, signer } = node.app.sessionCookie
  const value = encodeURIComponent(signer.sign(session.token))
  return { cookie: `${name}=${value}`, sessionId: session.id, userId: user.id }
}

export const ORDERS_SOCKET = '/ws/all-seat-datasocket/'

/** A `houselights.v1` socket that has not subscribed yet. */
export function openV1(
  node: TestApp,
  { cookie }: { cookie: string },
  path = ORDERS_SOCKET,
  options: ConnectOptions = {},
): Promise<TestSocket> {
  return connect(node.url + path, { cookie, protocol: SUBPROTOCOL, ...options })
}

/** A socket without a subprotocol: subscribed at once to all its groups. */
export function openPlain(
  node: TestApp,
  { cookie }: { cookie: string },
  path = ORDERS_SOCKET,
): Promise<TestSocket> {
  return connect(node.url + path, { cookie })
}

let made = 0

/** An event with a number of its own; `bytes` makes it longer. */
export function eventFor(group: GroupName, bytes = 0): NewEvent {
  const n = ++made
  const data: unknown = { n, padding: 'x'.repeat(bytes) }
  return { group, name: 'order.placed', data } as NewEvent
}

/** Commits events in one transaction and publishes them through the node. Resolves to the last seq. */
export async function emit(node: TestApp, group: GroupName, count = 1, bytes = 0): Promise<number> {
  const events = Array.from({ length: count }, () => eventFor(group, bytes))
  await commit(node.app.actions, async () => ({ result: undefined, events }))
  return head(node.db, group)
}

/** A change that ends this session, with whatever else belongs to it. */
export async function endSession(node: TestApp, { sessionId, userId }: SignedIn): Promise<void> {
  const changes: NewAccessChange[] = [{ kind: 'session_ended', sessionId, userId }]
  await commit(node.app.actions, async (tx) => {
    await tx.session.deleteMany({ where: { id: sessionId } })
    return { result: undefined, changes }
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
