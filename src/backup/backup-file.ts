import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { BackupFileError } from './backup-errors.js'

// The form of a backup: gzip around lines. The first is a header, as JSON. For each table follow its name and columns, as
// JSON, its rows in PostgreSQL's COPY text format, one a line, and a line `\.`. The last line says how many rows there are.

export const FORMAT = 'houselights backup'
export const FORMAT_VERSION = 1
export const END_OF_ROWS = '\\.'

export interface BackupHeader {
  format: typeof FORMAT
  formatVersion: number
  /** of houselights */
  version: string
  /** by the database's clock, RFC 3339 */
  takenAt: string
  /** PostgreSQL's version */
  server: string
  migrations: { name: string; checksum: string }[]
  /** the last value of each sequence that has been used */
  sequences: { name: string; last: string }[]
}

export interface TableHead {
  table: string
  columns: string[]
}

export interface BackupEnd {
  /** tables, in the order in which they can be filled */
  rows: Record<string, number>
}

export interface BackupReader {
  header: BackupHeader
  /** Each table in turn; its rows must be read, each with its line feed, before the next. */
  tables(): AsyncGenerator<TableHead & { rows: AsyncGenerator<Buffer> }>
  /** what the last line says, once all tables were read */
  readEnd(): Promise<BackupEnd>
  close(): void
}

/**
 * Opens a backup and reads its header.
 * @throws {BackupFileError} here and in every read: not a backup, of a later form, damaged or cut off
 */
export async function openBackup(path: string): Promise<BackupReader> {
  const file = createReadStream(path)
  const unzipped = createGunzip()
  file.once('error', (error) => unzipped.destroy(error))
  const lines = readLines(file.pipe(unzipped))
  const next = async (): Promise<Buffer> => {
    const { value, done } = await lines.next().catch((error: unknown) => {
      throw explain(error, path)
    })
    if (done === true) throw new BackupFileError(`${path} is cut off: use another backup.`)
    return value
  }
  const close = () => void file.destroy()
  try {
    const header = readHeader(await next(), path)
    let last: TableHead | BackupEnd = { rows: {} }
    return {
      header,
      async *tables() {
        for (;;) {
          last = parse(await next(), path)
          if (!isTableHead(last)) return
          yield { ...last, rows: rowsOf(next) }
        }
      },
      async readEnd() {
        if (isTableHead(last)) throw new Error('not all tables were read')
        // the checksum of the whole file comes behind its last line
        const { done } = await lines.next().catch((error: unknown) => {
          throw explain(error, path)
        })
        if (done !== true) throw new BackupFileError(`${path} goes on behind its end: use another backup.`)
        return last
      },
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

/**
 * Reads all of a backup: what is damaged shows at its end, by its checksum.
 * @throws {BackupFileError}
 */
export async function verifyBackup(path: string): Promise<BackupEnd> {
  const backup = await openBackup(path)
  const read: BackupEnd['rows'] = {}
  try {
    for await (const { table, rows } of backup.tables()) {
      let count = 0
      for await (const _row of rows) count += 1
      read[table] = count
    }
    const end = await backup.readEnd()
    const lacking = Object.entries(end.rows).find(([table, count]) => read[table] !== count)
    if (lacking) throw new BackupFileError(`${path} lacks rows of ${lacking[0]}: use another backup.`)
    return end
  } finally {
    backup.close()
  }
}

async function* rowsOf(next: () => Promise<Buffer>): AsyncGenerator<Buffer> {
  for (;;) {
    const line = await next()
    if (line.length === 3 && line.toString('latin1') === `${END_OF_ROWS}\n`) return
    yield line
  }
}

const LINE_FEED = 10

/** Lines with their line feed. COPY escapes line feeds in values, and nothing else ends a line. */
async function* readLines(stream: Readable): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      const line = chunk.subarray(start, end + 1)
      yield parts.length === 0 ? line : Buffer.concat([...parts, line])
      parts = []
      start = end + 1
    }
    if (start < chunk.length) parts.push(chunk.subarray(start))
  }
}

function readHeader(line: Buffer, path: string): BackupHeader {
  const header: Partial<BackupHeader> = parse(line, path)
  if (header.format !== FORMAT) throw new BackupFileError(`${path} is not a backup of houselights.`)
  if (header.formatVersion !== FORMAT_VERSION) {
    throw new BackupFileError(
      `${path} was made by houselights ${header.version}, in a form that this version can’t read: restore it with that version.`,
    )
  }
  // a checked border: the form's version says what is in it
  return header as BackupHeader
}

function parse<T>(line: Buffer, path: string): T {
  try {
    return JSON.parse(line.toString('utf8')) as T
  } catch {
    throw new BackupFileError(`${path} is not a backup of houselights, or is damaged.`)
  }
}

const isTableHead = (line: TableHead | BackupEnd): line is TableHead => 'table' in line

function explain(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOENT') return new BackupFileError(`${path} does not exist.`)
  if (code === 'EISDIR') return new BackupFileError(`${path} is a folder, not a backup.`)
  if (code === 'EACCES') return new BackupFileError(`${path} can’t be read by this user.`)
  if (code === 'Z_BUF_ERROR') return new BackupFileError(`${path} is cut off: use another backup.`)
  if (code.startsWith('Z_'))
    return new BackupFileError(`${path} is not a backup of houselights, or is damaged.`)
  return error
}
