/** bytes of the longest frame header: 2, a length of 8, a mask of 4 */
const MAX_HEADER = 14
const CLOSE = 8

/**
 * Follows the frames in a stream of bytes (RFC 6455, 5.2) without changing or keeping them: where one ends, how long the
 * current message is, and the code of a close frame.
 */
export class FrameScanner {
  /** payload bytes of the largest message so far; a frame counts once its header is there */
  largestMessage = 0
  /** the code of the first close frame; null before, 1005 when it has none */
  closeCode: number | null = null
  /** payload bytes of the current frame; 0 before its header is complete */
  frameBytes = 0
  /** a frame that no receiver may accept: its length (RFC 6455, 5.2), or a long or fragmented control frame (5.5) */
  isInvalid = false
  private readonly header = Buffer.alloc(MAX_HEADER)
  private headerBytes = 0
  private messageBytes = 0
  private left = 0
  private inPayload = false
  private mask: Buffer | null = null
  private readonly code = Buffer.alloc(2)

  get atBoundary(): boolean {
    return this.headerBytes === 0 && !this.inPayload
  }

  /** Returns the offset in the chunk after the last frame that ends in it, or -1 if none does. */
  push(chunk: Buffer): number {
    let at = 0
    let end = -1
    while (at < chunk.length && !this.isInvalid) {
      at = this.inPayload ? this.skipPayload(chunk, at) : this.readHeader(chunk, at)
      if (this.inPayload && this.left === 0) this.finishFrame()
      if (this.atBoundary) end = at
    }
    return end
  }

  private readHeader(chunk: Buffer, from: number): number {
    let at = from
    while (at < chunk.length) {
      this.header[this.headerBytes++] = chunk[at++] ?? 0
      if (this.headerBytes >= 2 && this.headerBytes === this.headerLength()) {
        this.beginFrame()
        break
      }
    }
    return at
  }

  private headerLength(): number {
    const second = this.header[1] ?? 0
    const length = second & 0x7f
    return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0)
  }

  private beginFrame(): void {
    const { header } = this
    const short = (header[1] ?? 0) & 0x7f
    const isControl = this.opcode >= CLOSE
    const isFinal = ((header[0] ?? 0) & 0x80) !== 0
    if ((short === 127 && header.readUInt32BE(2) > 0x1f_ffff) || (isControl && (short > 125 || !isFinal))) {
      this.isInvalid = true
      return
    }
    const length =
      short === 126 ? header.readUInt16BE(2) : short === 127 ? Number(header.readBigUInt64BE(2)) : short
    const hasMask = ((header[1] ?? 0) & 0x80) !== 0
    this.mask = hasMask ? header.subarray(this.headerBytes - 4, this.headerBytes) : null
    this.frameBytes = length
    this.left = length
    this.inPayload = true
    if (isControl) return
    this.messageBytes = (this.opcode === 0 ? this.messageBytes : 0) + length
    this.largestMessage = Math.max(this.largestMessage, this.messageBytes)
  }

  private get opcode(): number {
    return (this.header[0] ?? 0) & 0x0f
  }

  private skipPayload(chunk: Buffer, from: number): number {
    const taken = Math.min(this.left, chunk.length - from)
    if (this.opcode === CLOSE) this.readCode(chunk, from, taken)
    this.left -= taken
    return from + taken
  }

  /** The first two bytes of a close frame's payload. */
  private readCode(chunk: Buffer, from: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const position = this.frameBytes - this.left + i
      if (position > 1) return
      this.code[position] = (chunk[from + i] ?? 0) ^ (this.mask?.[position] ?? 0)
    }
  }

  private finishFrame(): void {
    if (this.opcode === CLOSE) this.closeCode ??= this.frameBytes >= 2 ? this.code.readUInt16BE(0) : 1005
    this.inPayload = false
    this.headerBytes = 0
    this.frameBytes = 0
  }
}

/** A close frame. With a mask as clients send it, without as servers do. */
export function closeFrame(code: number, reason: string, mask: Buffer | null = null): Buffer {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)])
  if (!mask) return Buffer.concat([Buffer.from([0x88, payload.length]), payload])
  for (const [i, byte] of payload.entries()) payload[i] = byte ^ (mask[i % 4] ?? 0)
  return Buffer.concat([Buffer.from([0x88, 0x80 | payload.length]), mask, payload])
}
