import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { FrameForwarder } from '../../src/gate/frame-forwarder.js'
import { FramePipe } from '../../src/gate/frame-pipe.js'
import { acceptedBytes } from '../../src/live/socket/accepted-bytes.js'
import { listen } from '../helpers/listen.js'
import { until } from '../helpers/until.js'

/** Both ends of a TCP connection. */
async function connection(t: Test): Promise<{ near: Socket; far: Socket }> {
  const server = createServer()
  const port = await listen(server)
  const accepted = once(server, 'connection')
  const far = connect({ port, host: '127.0.0.1', noDelay: true })
  const [near] = (await accepted) as [Socket]
  for (const socket of [near, far]) socket.on('error', () => {})
  t.teardown(() => {
    for (const socket of [near, far]) socket.destroy()
    server.close()
  })
  return { near, far }
}

async function pipe(t: Test) {
  const [client, upstream] = [await connection(t), await connection(t)]
  const closed: number[] = []
  const frames = new FramePipe(client.near, upstream.near, {
    maxMessageBytes: 64 << 20,
    retryMs: () => 7,
    onClosed: (code) => closed.push(code),
  })
  frames.begin(Buffer.alloc(0), Buffer.alloc(0))
  frames.release()
  return {
    client: client.far,
    upstream: upstream.far,
    near: { client: client.near, upstream: upstream.near },
    frames,
    closed,
  }
}

/** times in a row that nothing more must have been taken: buffers of the kernel grow */
const STEADY = 20

/** Sends frames of 64 KiB until the receiver of `near`, to which they are forwarded, takes no more. */
async function fill(from: Socket, near: Socket): Promise<void> {
  const frame = Buffer.concat([Buffer.from([0x82, 126, 0xff, 0xff]), Buffer.alloc(0xffff)])
  let last = -1
  let same = 0
  await until(() => {
    if (from.writableLength < 1 << 20) from.write(frame)
    const accepted = acceptedBytes(near)
    same = accepted === last && near.writableLength > 0 ? same + 1 : 0
    last = accepted
    return same >= STEADY
  }, 'the receiver to take no more')
}

const HALF_A_MINUTE = 30_000

t.test(
  'a client that takes nothing for 30 s is closed with 1013, and one that takes a little is not',
  async (t) => {
    const { client, upstream, near, frames, closed } = await pipe(t)
    client.pause()
    await fill(upstream, near.client)
    const start = performance.now()
    frames.checkStalled(start)
    frames.checkStalled(start + HALF_A_MINUTE - 1)
    t.notOk(near.upstream.writableEnded, 'not before')
    // what it takes now counts, however little is taken of what waits; its kernel makes room in large steps
    const before = acceptedBytes(near.client)
    client.on('data', () => {
      if (acceptedBytes(near.client) > before) client.pause()
    })
    client.resume()
    await until(() => client.isPaused(), 'the client to take something')
    await fill(upstream, near.client)
    frames.checkStalled(start + HALF_A_MINUTE)
    frames.checkStalled(start + 2 * HALF_A_MINUTE - 1)
    t.notOk(near.upstream.writableEnded, 'it is still open')
    const tail: Buffer[] = []
    let passed = HALF_A_MINUTE
    client.removeAllListeners('data')
    // until the kernel’s buffers have taken their last bytes
    await until(() => {
      passed += HALF_A_MINUTE
      frames.checkStalled(start + passed)
      return near.upstream.writableEnded
    }, 'the end')
    client.on('data', (chunk: Buffer) => tail.push(chunk.subarray(-16)))
    client.resume()
    const reason = Buffer.from([0x88, 14, 1013 >> 8, 1013 & 0xff, ...Buffer.from('read timeout')])
    await until(
      () => Buffer.concat(tail).subarray(-16).equals(reason),
      'the close frame, behind all that waited',
    )
    client.end()
    await until(() => closed.length > 0, 'the end')
    t.same(closed, [1013])
  },
)

t.test('an upstream that takes nothing for 30 s ends the socket with 1012', async (t) => {
  const { client, upstream, near, frames } = await pipe(t)
  upstream.pause()
  await fill(client, near.upstream)
  const start = performance.now()
  frames.checkStalled(start)
  const got: Buffer[] = []
  client.on('data', (chunk: Buffer) => got.push(chunk))
  let passed = 0
  await until(() => {
    passed += HALF_A_MINUTE
    frames.checkStalled(start + passed)
    return Buffer.concat(got).includes('retry=7')
  }, 'the close frame')
  t.same(Buffer.concat(got).subarray(2, 4).readUInt16BE(), 1012)
})

t.test('a frame that comes byte by byte does not cost a buffer for each', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used = async () => {
    // what belongs to native objects is freed between collections
    for (let i = 0; i < 4; i++) {
      collect()
      await new Promise(setImmediate)
    }
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const [from, to] = [await connection(t), await connection(t)]
  const forwarder = new FrameForwarder(from.near, to.near, () => true)
  forwarder.release()
  const length = 200_000
  const header = Buffer.alloc(10)
  header.set([0x82, 127])
  header.writeBigUInt64BE(BigInt(length), 2)
  const before = await used()
  forwarder.receive(header)
  // each as the kernel gives it: a buffer of its own
  for (let i = 1; i < length; i++) forwarder.receive(Buffer.from(new Uint8Array([i])))
  const kept = (await used()) - before
  // not a hundred bytes for each; the rest is what else the process does
  t.ok(kept < 50 * length, `${kept} bytes for a frame of ${length}`)
  let got = 0
  to.far.on('data', (chunk: Buffer) => {
    got += chunk.length
  })
  forwarder.receive(Buffer.from([0]))
  await until(() => got === header.length + length, 'the whole frame')
})
