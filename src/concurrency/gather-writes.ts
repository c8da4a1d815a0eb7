/** The part of a stream that is used. */
export interface Corkable {
  readonly writableCorked: number
  cork(): void
  uncork(): void
}

/**
 * Combines all writes of the current iteration of the event loop into one: a system call costs more CPU than a small
 * message. Call it before each write.
 */
export function gatherWrites(stream: Corkable): void {
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(() => stream.uncork())
}
