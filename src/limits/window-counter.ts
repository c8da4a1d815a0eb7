interface Window {
  count: number
  startedAt: number
}

/**
 * Counts by key; a key's window begins with its first count. For limits that must be cheap: one look-up, no timer
 * per key. The table is bounded: when it is full the oldest window is forgotten, so no flood of keys costs memory.
 */
export class WindowCounter {
  private readonly windows = new Map<string, Window>()

  constructor(
    private readonly windowMs: number,
    private readonly maxKeys = 10_000,
    private readonly now: () => number = () => performance.now(),
  ) {}

  private find(key: string): Window | undefined {
    const window = this.windows.get(key)
    if (window && this.now() - window.startedAt >= this.windowMs) {
      this.windows.delete(key)
      return undefined
    }
    return window
  }

  /** Adds one to a key's count and returns it. */
  add(key: string): number {
    const window = this.find(key)
    if (window) return ++window.count
    this.insert(key, { count: 1, startedAt: this.now() })
    return 1
  }

  /** Takes over a higher count that another node knows, for the ms that remain of its window. */
  raise(key: string, count: number, remainingMs: number): void {
    const window = this.find(key)
    if (window && window.count >= count) return
    this.windows.delete(key)
    this.insert(key, { count, startedAt: this.now() - this.windowMs + Math.min(this.windowMs, remainingMs) })
  }

  private insert(key: string, window: Window): void {
    if (this.windows.size >= this.maxKeys) {
      const oldest = this.windows.keys().next()
      if (!oldest.done) this.windows.delete(oldest.value)
    }
    this.windows.set(key, window)
  }

  count(key: string): number {
    return this.find(key)?.count ?? 0
  }

  /** ms until the key's window ends; 0 when it has none. */
  remainingMs(key: string): number {
    const window = this.find(key)
    return window ? Math.max(0, this.windowMs - (this.now() - window.startedAt)) : 0
  }

  get size(): number {
    return this.windows.size
  }
}
