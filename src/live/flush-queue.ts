/** What is flushed: a feed. */
interface Flushable {
  flush(): void
}

/** ms of writing below which a group needs no rest */
const SHORT_MS = 1
/** a rest, as a multiple of the writing before it: writing takes at most a fifth of a node's time */
const REST_FACTOR = 4
/** ms that a rest takes at most */
const MAX_REST_MS = 30

/**
 * Flushes the feeds that have new events. Events of one iteration of the event loop are one write per socket. A feed whose flush
 * took long rests for some time: under load its next events are gathered into one write as well, and the changes that cause
 * them get most of the CPU. A group of a hundred sockets never rests.
 */
export class FlushQueue {
  private readonly dirty = new Set<Flushable>()
  /** time at which the feed's rest ends (`performance.now()`) */
  private readonly restUntil = new Map<Flushable, number>()
  private readonly resting = new Map<Flushable, NodeJS.Timeout>()

  schedule(feed: Flushable): void {
    if (this.resting.has(feed)) return
    const left = (this.restUntil.get(feed) ?? 0) - performance.now()
    if (left <= 0) return this.add(feed)
    const timer = setTimeout(() => {
      this.resting.delete(feed)
      this.add(feed)
    }, left)
    this.resting.set(feed, timer)
  }

  private add(feed: Flushable): void {
    if (this.dirty.size === 0) setImmediate(() => this.flush())
    this.dirty.add(feed)
  }

  private flush(): void {
    const feeds = [...this.dirty]
    this.dirty.clear()
    for (const feed of feeds) {
      const began = performance.now()
      feed.flush()
      const ended = performance.now()
      const took = ended - began
      if (took < SHORT_MS) this.restUntil.delete(feed)
      else this.restUntil.set(feed, ended + Math.min(took * REST_FACTOR, MAX_REST_MS))
    }
  }

  /** Forgets a closed feed. */
  forget(feed: Flushable): void {
    clearTimeout(this.resting.get(feed))
    this.resting.delete(feed)
    this.restUntil.delete(feed)
    this.dirty.delete(feed)
  }
}
