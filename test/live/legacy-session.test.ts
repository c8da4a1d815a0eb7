import t from 'tap'
import { Connection, type LiveSocket } from '../../src/live/connection.js'
import { theatreChat } from '../../src/live/groups.js'
import { LegacySession } from '../../src/live/legacy-session.js'
import { legacyWire } from '../../src/live/wires/legacy.js'
import { textsOf } from './model.js'

const GROUP = theatreChat(1)

/** A connection that writes down what goes out, and a session that is asked. */
function asked(answer: (text: string) => Promise<{ text: string; epoch: number } | null>) {
  const out: string[] = []
  const reading: string[] = []
  let reach = async (_epoch: number): Promise<void> => {}
  const socket: LiveSocket = {
    pendingBytes: 0,
    takenBytes: 0,
    write: (frames) => void out.push(...textsOf(frames)),
    onceDrained() {},
    ping() {},
    close() {},
    terminate() {},
  }
  const connection = new Connection({
    id: 'one',
    socket,
    wire: legacyWire,
    guard: () => [GROUP],
    groups: [GROUP],
    maxBufferedBytes: 1_000_000,
    admission: {
      sessionId: 's',
      principal: { userId: 1, username: 'u', role: 'staff', theatres: [{ id: 1, name: 'One' }] },
      remainingMs: 1e9,
      readAt: 0,
      endsAt: '',
      epoch: 0,
    },
    host: {
      readHead: async () => 0,
      readLog: async () => [],
      reachEpoch: (epoch) => reach(epoch),
      forget() {},
      showPresence() {},
      onError() {},
    },
  })
  const session = new LegacySession({
    connection,
    join() {},
    presence: null,
    onAsk: answer,
    pause: () => void reading.push('paused'),
    resume: () => void reading.push('resumed'),
  })
  const onReach = (then: (epoch: number) => Promise<void>) => {
    reach = then
  }
  return { session, connection, out, reading, onReach }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

t.test('many questions at once: one is answered at a time, and nothing is read meanwhile', async (t) => {
  const running = { now: 0, most: 0 }
  const { session, out, reading } = asked(async (text) => {
    running.most = Math.max(running.most, ++running.now)
    await turn()
    running.now--
    return { text: `answer to ${text}`, epoch: 0 }
  })
  const questions = Array.from({ length: 100 }, (_, i) => `question ${i}`)
  // what one chunk of bytes holds comes at once, paused or not
  for (const question of questions) session.receive(question)
  while (reading.at(-1) !== 'resumed') await turn()
  t.equal(running.most, 1)
  t.strictSame(reading, ['paused', 'resumed'])
  t.strictSame(
    out,
    questions.map((question) => `answer to ${question}`),
  )
})

t.test('an answer goes out only with the rights of its moment applied', async (t) => {
  const { session, connection, out, reading, onReach } = asked(async () => ({ text: 'history', epoch: 7 }))
  const reached: number[] = []
  // the changes up to the answer's epoch end this one's right
  onReach(async (epoch) => {
    reached.push(epoch)
    connection.close(4401, 'session ended')
  })
  session.receive('question')
  while (reading.at(-1) !== 'resumed') await turn()
  t.strictSame([reached, out], [[7], []])
})

t.test('while its rights are looked at it waits, and is asked again with the new ones', async (t) => {
  let theatres = 'One, Two'
  const { session, connection, out, reading } = asked(async () => ({ text: theatres, epoch: 7 }))
  connection.hold()
  session.receive('question')
  await turn()
  await turn()
  t.strictSame(out, [])
  theatres = 'One'
  connection.release()
  while (reading.at(-1) !== 'resumed') await turn()
  t.strictSame(out, ['One'])
})

t.test('after the end nothing is asked', async (t) => {
  let questions = 0
  const { session, connection } = asked(async () => {
    questions++
    return null
  })
  connection.close(4401, 'session ended')
  session.receive('question')
  await turn()
  t.equal(questions, 0)
})
