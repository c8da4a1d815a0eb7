import type { Database } from '../database/client.js'

/** The bytes of a picture on a menu; null if there is none with this hash. */
export async function readPicture(db: Database, sha256: string): Promise<Buffer | null> {
  const picture = await db.picture.findUnique({ where: { sha256 }, select: { bytes: true } })
  return picture && Buffer.from(picture.bytes.buffer, picture.bytes.byteOffset, picture.bytes.byteLength)
}
