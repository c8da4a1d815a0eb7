import { Writable } from 'node:stream'
import { Mailbox, type Matcher } from './mailbox.js'
import { keepOutput } from './suite-output.js'

export type LogLine = Record<string, unknown> & { level?: number; msg?: string }

/** A service's standard output: one JSON object a line, kept for questions. */
export class LogCapture extends Writable {
  readonly #lines = new Mailbox<LogLine>('log')
  #text = ''
  #rest = ''

  constructor() {
    super()
    keepOutput(() => this.#text)
  }

  /** everything written, for searches after secrets */
  get text(): string {
    return this.#text
  }

  get lines(): readonly LogLine[] {
    return this.#lines.history
  }

  /** The first line that matches and was not taken before, now or when it comes. `within` in ms. */
  expect(matcher: Matcher<LogLine>, options: { within?: number } = {}): Promise<LogLine> {
    return this.#lines.expect(matcher, options)
  }

  /** Throws when a line that matches was written by the time `until` settles, and not taken. */
  refute(matcher: Matcher<LogLine>, options: { until: Promise<unknown> }): Promise<void> {
    return this.#lines.refute(matcher, options)
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    const text = chunk.toString()
    this.#text += text
    const [...lines] = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#lines.push(toLine(line))
    done()
  }
}

function toLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine
  } catch {
    return { msg: line, notJson: true }
  }
}
