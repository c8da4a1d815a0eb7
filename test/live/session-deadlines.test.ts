import { mock } from 'node:test'
import t from 'tap'
import { SessionDeadlines } from '../../src/live/session-deadlines.js'
import type { Connection } from '../../src/live/socket/connection.js'
import type { SessionState } from '../../src/live/socket/session-state.js'
import { until } from '../helpers/until.js'

const REMAINING_MS = 50

function fakeConnection(calls: string[], readAt: number): Connection {
  return {
    sessionState: sessionStateOf(readAt),
    greeted: true,
    closed: false,
    send: () => {},
    hold: () => calls.push('hold'),
    release: () => calls.push('release'),
    close: (code: number) => calls.push(`close ${code}`),
  } as unknown as Connection
}

const sessionStateOf = (readAt: number) =>
  ({ sessionId: 's', remainingMs: REMAINING_MS, readAt, endsAt: '2026-11-29T20:00:00.000Z' }) as SessionState

t.test(
  'holds a connection at its session’s end even if the query began before and does not return',
  async (t) => {
    const readAt = performance.now()
    const calls: string[] = []
    const connection = fakeConnection(calls, readAt)
    // a timer may fire a fraction of a millisecond before its time by this clock
    const early = mock.method(performance, 'now', () => readAt + REMAINING_MS - 0.3)
    t.teardown(() => early.mock.restore())
    let answer = (_sessionStates: Map<string, SessionState>) => {}
    let queries = 0
    const deadlines = new SessionDeadlines(() => {
      queries++
      return new Promise((resolve) => {
        answer = resolve
      })
    })
    deadlines.arm(connection)
    t.teardown(() => deadlines.disarm(connection))
    await until(() => queries === 1, 'the session to be read again')
    t.strictSame(calls, [], 'not before the end')
    early.mock.restore()
    await until(() => calls.length > 0, 'the connection to be held')
    t.strictSame(calls, ['hold'])
    answer(new Map())
    await until(() => calls.length > 1, 'the connection to be closed')
    t.strictSame(calls, ['hold', 'close 4401'])
    t.equal(queries, 1)
  },
)

t.test('a reading that waited beyond the session’s end lets nothing through', async (t) => {
  const calls: string[] = []
  const connection = fakeConnection(calls, performance.now())
  const answers: ((sessionStates: Map<string, SessionState>) => void)[] = []
  const deadlines = new SessionDeadlines(() => new Promise((resolve) => answers.push(resolve)))
  t.teardown(() => deadlines.disarm(connection))
  deadlines.arm(connection)
  await until(() => answers.length === 1 && calls.length === 1, 'the end')
  t.strictSame(calls, ['hold'])
  // the database's snapshot is older than its answer: the session was live when the query was sent
  answers[0]?.(new Map([['s', sessionStateOf(performance.now() - 10 * REMAINING_MS)]]))
  await until(() => answers.length === 2, 'the session to be read again')
  t.strictSame(calls, ['hold', 'hold', 'release'], 'held without a gap')
  answers[1]?.(new Map([['s', sessionStateOf(performance.now() + 10 * REMAINING_MS)]]))
  await until(() => calls.length === 4, 'the release of a session that was prolonged')
  t.equal(calls[3], 'release')
})
