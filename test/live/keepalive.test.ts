import t from 'tap'
import { Connection } from '../../src/live/socket/connection.js'
import { keepAlive } from '../../src/live/socket/keepalive.js'
import type { LiveSocket } from '../../src/live/socket/live-socket.js'
import { theatreOrders } from '../../src/protocol/groups.js'

class FakeSocket implements LiveSocket {
  pendingBytes = 0
  acceptedBytes = 0
  isPaused = false
  pings = 0
  end: number | 'terminated' | null = null
  write(): void {}
  onceDrained(): void {}
  ping(): void {
    this.pings++
  }
  close(code: number): void {
    this.end = code
  }
  terminate(): void {
    this.end = 'terminated'
  }
}

const unused = async () => {
  throw new Error('not used by keepAlive')
}

/** A connection, and a clock that runs `keepAlive` once a second as the hub does. */
function createConnection() {
  const socket = new FakeSocket()
  const connection = new Connection({
    id: 'one',
    socket,
    guard: () => [],
    groups: [theatreOrders(1)],
    sessionState: {
      sessionId: 's',
      tokenHash: 't',
      principal: { userId: 1, username: 'u', role: 'staff', theatres: [] },
      remainingMs: 1e9,
      readAt: 0,
      endsAt: '',
      epoch: 0,
    },
    host: {
      readHead: unused,
      readLog: unused,
      readLimited: unused,
      reachEpoch: unused,
      detach() {},
      sendPresence() {},
      onError() {},
    },
  })
  // whole ms: fractions do not add up exactly
  let now = Math.ceil(connection.openedAt)
  const pass = (seconds: number, each: () => void = () => {}) => {
    for (let i = 0; i < seconds && socket.end === null; i++) {
      each()
      now += 1000
      keepAlive([connection], 25_000, now)
    }
  }
  return { socket, connection, pass }
}

t.test('pings each heartbeat and keeps a connection that answers', async (t) => {
  const { socket, connection, pass } = createConnection()
  pass(24)
  t.equal(socket.pings, 0)
  pass(100, () => connection.markAlive())
  t.equal(socket.pings, 4)
  t.equal(socket.end, null)
})

t.test(
  'terminates a connection that is silent for 10 s after a ping if nothing was written to it',
  async (t) => {
    const { socket, pass } = createConnection()
    pass(25)
    t.equal(socket.pings, 1)
    pass(10)
    t.equal(socket.end, null)
    pass(1)
    t.equal(socket.end, 'terminated')
  },
)

t.test('gives a connection 30 s to answer a ping if something was written after it', async (t) => {
  const { socket, connection, pass } = createConnection()
  pass(25)
  connection.write(Buffer.from('x'))
  pass(20)
  t.equal(socket.end, null, '20 s are not enough to terminate it')
  pass(11)
  t.equal(socket.end, 'terminated')
})

t.test(
  'does not time out a ping while bytes are pending; its time starts when they are accepted',
  async (t) => {
    const { socket, connection, pass } = createConnection()
    pass(25)
    connection.write(Buffer.from('x'))
    socket.pendingBytes = 10
    pass(200, () => socket.acceptedBytes++)
    t.equal(socket.end, null, 'some bytes are accepted each second: slow, not dead')
    socket.pendingBytes = 0
    pass(29)
    t.equal(socket.end, null)
    connection.markAlive()
    pass(10)
    t.equal(socket.end, null)
  },
)

t.test('does not time out a ping while this node does not read the answer', async (t) => {
  const { socket, pass } = createConnection()
  pass(25)
  socket.isPaused = true
  pass(100)
  t.equal(socket.end, null)
  socket.isPaused = false
  pass(11)
  t.equal(socket.end, 'terminated')
})

t.test('closes with 1013 when no byte is accepted for 30 s', async (t) => {
  const { socket, pass } = createConnection()
  socket.pendingBytes = 10
  pass(20)
  socket.acceptedBytes = 1
  pass(30)
  t.equal(socket.end, null, 'a byte was accepted in between')
  pass(2)
  t.equal(socket.end, 1013)
})
