import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const gzipAsync = promisify(gzip)
/** bytes; a smaller answer fits into one packet as it is */
const SMALLEST = 1024

/** Whether a client takes gzip, by its Accept-Encoding (RFC 9110, 12.5.3). */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  const codings = String(header ?? '')
    .toLowerCase()
    .split(',')
    .map((each) => each.trim())
  const of = (name: string) => codings.find((each) => each.split(';')[0]?.trim() === name)
  const found = of('gzip') ?? of('*')
  return found !== undefined && !/;\s*q=0(?:\.0*)?\s*$/.test(found)
}

/** The text in gzip; null where that is not worth it. Only for what holds nobody's secrets (BREACH). */
export async function gzipped(text: string): Promise<Buffer | null> {
  return Buffer.byteLength(text) < SMALLEST ? null : await gzipAsync(text)
}
