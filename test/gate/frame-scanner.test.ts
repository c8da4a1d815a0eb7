import { randomBytes, randomInt } from 'node:crypto'
import t from 'tap'
import { closeFrame, FrameScanner } from '../../src/gate/frame-scanner.js'

interface Made {
  bytes: Buffer
  payload: number
}

/** A frame as RFC 6455, 5.2 has it. */
function frame(opcode: number, length: number, { masked = false, fin = true } = {}): Made {
  const head = [(fin ? 0x80 : 0) | opcode]
  const size = Buffer.alloc(length < 126 ? 0 : length < 65_536 ? 2 : 8)
  if (size.length === 2) size.writeUInt16BE(length)
  if (size.length === 8) size.writeBigUInt64BE(BigInt(length))
  head.push((masked ? 0x80 : 0) | (size.length === 0 ? length : size.length === 2 ? 126 : 127))
  const mask = masked ? randomBytes(4) : Buffer.alloc(0)
  return { bytes: Buffer.concat([Buffer.from(head), size, mask, randomBytes(length)]), payload: length }
}

t.test('frames end where they end, however the bytes are cut', async (t) => {
  const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000]
  for (let run = 0; run < 60; run++) {
    const made = Array.from({ length: 12 }, () =>
      randomInt(2)
        ? frame(2, lengths[randomInt(lengths.length)] ?? 0, { masked: randomInt(2) === 0 })
        : frame(9, randomInt(126), { masked: randomInt(2) === 0 }),
    )
    const ends: number[] = []
    let total = 0
    for (const { bytes } of made) {
      total += bytes.length
      ends.push(total)
    }
    const all = Buffer.concat(made.map(({ bytes }) => bytes))
    const scanner = new FrameScanner()
    for (let at = 0; at < all.length; ) {
      const chunk = all.subarray(at, at + 1 + randomInt(randomInt(2) ? 5 : 40_000))
      const end = scanner.push(chunk)
      const wanted = ends.filter((each) => each > at && each <= at + chunk.length).at(-1)
      if (end === -1 ? wanted !== undefined : at + end !== wanted) return t.fail(`run ${run} at ${at}`)
      at += chunk.length
      if (scanner.atBoundary !== ends.includes(at)) return t.fail(`run ${run}: boundary at ${at}`)
    }
  }
  t.pass('60 runs')
})

t.test(
  'the length of a message is that of its fragments; control frames between them do not count',
  async (t) => {
    const scanner = new FrameScanner()
    scanner.push(
      Buffer.concat([frame(1, 100, { fin: false }), frame(9, 125), frame(0, 200)].map(({ bytes }) => bytes)),
    )
    t.equal(scanner.largestMessage, 300)
    scanner.push(frame(1, 10).bytes)
    t.equal(scanner.largestMessage, 300)
    scanner.push(frame(2, 5000).bytes.subarray(0, 4))
    t.equal(scanner.largestMessage, 5000, 'it counts from its header on')
  },
)

t.test('the code of a close frame is read, with a mask and without, byte by byte', async (t) => {
  for (const mask of [null, randomBytes(4)]) {
    const scanner = new FrameScanner()
    for (const byte of closeFrame(4401, 'session ended', mask)) scanner.push(Buffer.from([byte]))
    t.equal(scanner.closeCode, 4401)
    t.ok(scanner.atBoundary)
  }
  const scanner = new FrameScanner()
  scanner.push(Buffer.from([0x88, 0]))
  t.equal(scanner.closeCode, 1005, 'one without a code')
})

t.test(
  'a length with the most significant bit set, or beyond what a number can hold, is invalid',
  async (t) => {
    for (const first of [0xff, 0x80, 0x00]) {
      const scanner = new FrameScanner()
      scanner.push(Buffer.from([0x82, 127, first, 0xff, 0, 0, 0, 0, 0, 0]))
      t.ok(scanner.isInvalid)
    }
  },
)

t.test('a control frame of more than 125 bytes, or one in fragments, is invalid', async (t) => {
  const isInvalid = ({ bytes }: Made) => {
    const scanner = new FrameScanner()
    scanner.push(bytes)
    return scanner.isInvalid
  }
  for (const opcode of [8, 9, 10, 15]) {
    t.notOk(isInvalid(frame(opcode, 125)))
    for (const length of [126, 70_000]) t.ok(isInvalid(frame(opcode, length)), `${length} bytes`)
    t.ok(isInvalid(frame(opcode, 1, { fin: false })), 'a fragment')
  }
})
