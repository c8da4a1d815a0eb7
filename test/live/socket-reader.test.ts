import t from 'tap'
import { SocketReader } from '../../src/live/socket/socket-reader.js'
import { Random, seedOfRun } from '../helpers/random.js'
import { untilSame } from '../helpers/until.js'

class FakeSocket {
  isPaused = false
  pause(): void {
    this.isPaused = true
  }
  resume(): void {
    this.isPaused = false
  }
}

function createReader(onMessage: (text: string | null, reader: SocketReader) => void = () => {}) {
  const socket = new FakeSocket()
  const handled: (string | null)[] = []
  const reader: SocketReader = new SocketReader(socket, (text) => {
    handled.push(text)
    onMessage(text, reader)
  })
  return { socket, reader, handled }
}

t.test('reads on only when every reason to pause is gone', async (t) => {
  const { socket, reader } = createReader()
  reader.pause('sends')
  reader.pause('replies')
  reader.pause('replies')
  reader.resume('replies')
  t.equal(socket.isPaused, true, 'sends still wait')
  reader.resume('replies')
  t.equal(socket.isPaused, true, 'a reason ends only once')
  reader.resume('sends')
  t.equal(socket.isPaused, false)
})

t.test('keeps what was received before the pause, in order, and handles it before it reads on', async (t) => {
  const { socket, reader, handled } = createReader((text, reader) => {
    if (text === 'pause') reader.pause('sends')
  })
  for (const text of ['a', 'pause', 'b', null, 'pause', 'c']) reader.receive(text)
  t.strictSame(handled, ['a', 'pause'])
  t.equal(reader.waiting, 4)
  reader.resume('sends')
  t.strictSame(handled, ['a', 'pause'], 'not in the same turn of the event loop')
  await untilSame(t, 'up to the next pause', () => handled, ['a', 'pause', 'b', null, 'pause'])
  t.equal(socket.isPaused, true)
  reader.receive('d')
  reader.resume('sends')
  await untilSame(t, 'all', () => handled, ['a', 'pause', 'b', null, 'pause', 'c', 'd'])
  t.equal(socket.isPaused, false)
})

t.test('drops what waits when the socket has closed', async (t) => {
  const { reader, handled } = createReader()
  reader.pause('greeting')
  reader.receive('a')
  reader.close()
  reader.resume('greeting')
  reader.receive('b')
  t.strictSame(handled, ['b'])
})

t.test('handles each message once and in order, whatever pauses and resumes', async (t) => {
  const seed = seedOfRun()
  const random = new Random(seed)
  const reasons = ['greeting', 'sends', 'replies'] as const
  const paused = new Set<string>()
  const faults: string[] = []
  const { socket, reader, handled } = createReader((text, reader) => {
    if (paused.size > 0) faults.push(`${text} was handled while ${[...paused]} paused`)
    if (random.chance(0.2)) pause(reader)
  })
  const pause = (by: SocketReader) => {
    const reason = random.pick(reasons)
    paused.add(reason)
    by.pause(reason)
  }
  let next = 0
  for (let step = 0; step < 3000; step++) {
    const dice = random.below(10)
    if (dice < 4 && !socket.isPaused) {
      // one read of the kernel: `ws` emits all of it
      for (let i = random.below(5); i >= 0; i--) reader.receive(String(next++))
    } else if (dice < 6) pause(reader)
    else if (dice < 9) {
      const reason = random.pick(reasons)
      paused.delete(reason)
      reader.resume(reason)
    } else await new Promise((resolve) => setImmediate(resolve))
    if (paused.size > 0 !== socket.isPaused && reader.waiting === 0) faults.push(`step ${step}`)
  }
  paused.clear()
  for (const reason of reasons) reader.resume(reason)
  while (handled.length < next) {
    await new Promise((resolve) => setImmediate(resolve))
    paused.clear()
    for (const reason of reasons) reader.resume(reason)
  }
  t.strictSame(faults, [], `SEED=${seed}`)
  t.strictSame(
    handled,
    Array.from({ length: next }, (_, i) => String(i)),
    `SEED=${seed}`,
  )
})
