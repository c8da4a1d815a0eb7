interface Line {
  isTaken: boolean
  waiting: (() => void)[]
}

/** One piece of work at a time for each key; what comes meanwhile waits in its order, up to a bound. */
export class Turns<Key extends object> {
  private readonly lines = new WeakMap<Key, Line>()

  constructor(private readonly maxWaiting: number) {}

  /** Runs `work` in its turn: now, when nothing is under way for this key. False when too much waits already. */
  take(key: Key, work: () => void): boolean {
    const line = this.lines.get(key)
    if (!line) this.lines.set(key, { isTaken: true, waiting: [] })
    else if (line.isTaken) {
      if (line.waiting.length >= this.maxWaiting) return false
      line.waiting.push(work)
      return true
    } else line.isTaken = true
    work()
    return true
  }

  /** What had the turn is done: the next one's begins. */
  done(key: Key): void {
    const line = this.lines.get(key)
    if (!line) return
    const next = line.waiting.shift()
    if (next) next()
    else line.isTaken = false
  }

  /** Nothing that waits for this key will run. */
  drop(key: Key): void {
    this.lines.delete(key)
  }

  isTaken(key: Key): boolean {
    return this.lines.get(key)?.isTaken ?? false
  }

  /** how much waits for this key */
  waiting(key: Key): number {
    return this.lines.get(key)?.waiting.length ?? 0
  }
}
