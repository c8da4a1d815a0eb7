import { createHash } from 'node:crypto'
import pLimit from 'p-limit'
import { DomainError, unavailable } from '../errors.js'

/** A picture as it is stored and served. */
export interface EncodedPicture {
  /** of `bytes`, in hex */
  sha256: string
  /** WebP */
  bytes: Uint8Array<ArrayBuffer>
  /** pixels */
  width: number
  height: number
}

/** pixels of a side: three times what a phone shows, and few bytes on a slow network */
const MAX_SIDE = 480
const QUALITY = 70
const MAX_PIXELS = 40_000_000
/** a picture being decoded may take 320 MB, at 8 bytes a pixel */
const CONCURRENCY = 1
/** uploads that may wait for that; each is up to 5 MB */
const MAX_WAITING = 8
const TIMEOUT_SECONDS = 10

/** The loaders of libvips that may run. */
const LOADERS = ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp']

/** Encodes uploads in threads of libvips, one at a time on this node. */
export class PictureEncoder {
  private readonly limit = pLimit(CONCURRENCY)
  private readonly load = once(loadSharp)

  /**
   * The first frame of a JPEG, PNG or WebP, upright and at most 480 pixels wide and high, as WebP without metadata. Throws 415
   * `not_a_picture` for other formats, 422 `picture_unreadable` for a broken one, 422 `picture_too_large`
   * beyond 40 megapixels and for one that takes longer than 10 s, and 503 when too many wait.
   */
  async encode(upload: Buffer): Promise<EncodedPicture> {
    if (!isPicture(upload)) throw notAPicture()
    if (this.limit.pendingCount >= MAX_WAITING) throw unavailable()
    return await this.limit(async () => encodeWith(await this.load(), upload))
  }
}

type Sharp = Awaited<ReturnType<typeof loadSharp>>

/** It loads 20 MB of native code, which few nodes need. */
async function loadSharp() {
  const { default: sharp } = await import('sharp')
  sharp.cache(false)
  sharp.concurrency(1)
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({ operation: LOADERS })
  return sharp
}

async function encodeWith(sharp: Sharp, upload: Buffer): Promise<EncodedPicture> {
  const input = { limitInputPixels: false, failOn: 'error', pages: 1 } as const
  try {
    const { width, height } = await sharp(upload, input).metadata()
    if (width * height > MAX_PIXELS) throw tooLarge()
    const { data, info } = await sharp(upload, { ...input, limitInputPixels: MAX_PIXELS })
      .autoOrient()
      .resize({ width: MAX_SIDE, height: MAX_SIDE, fit: 'inside', withoutEnlargement: true })
      .webp({ quality: QUALITY, effort: 5 })
      .timeout({ seconds: TIMEOUT_SECONDS })
      .toBuffer({ resolveWithObject: true })
    const sha256 = createHash('sha256').update(data).digest('hex')
    return { sha256, bytes: Uint8Array.from(data), width: info.width, height: info.height }
  } catch (error) {
    if (error instanceof DomainError) throw error
    // libvips stops at the deadline
    throw error instanceof Error && /timeout/i.test(error.message) ? tooLarge() : unreadable()
  }
}

const SIGNATURES: readonly (readonly [at: number, bytes: string])[][] = [
  [[0, '\xff\xd8\xff']],
  [[0, '\x89PNG\r\n\x1a\n']],
  [
    [0, 'RIFF'],
    [8, 'WEBP'],
  ],
]

/** By its first bytes: what an upload calls itself says nothing. */
function isPicture(bytes: Buffer): boolean {
  const head = bytes.toString('latin1', 0, 16)
  return SIGNATURES.some((parts) => parts.every(([at, text]) => head.startsWith(text, at)))
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null
  return () => {
    made ??= make()
    return made
  }
}

const notAPicture = () =>
  new DomainError(415, 'not_a_picture', 'The file must be a picture: a JPEG, PNG or WebP.')

const unreadable = () =>
  new DomainError(422, 'picture_unreadable', 'This picture is damaged: save it again and upload that.')

const tooLarge = () =>
  new DomainError(
    422,
    'picture_too_large',
    'This picture is too large, 40 megapixels are the most: make it smaller.',
  )
