interface Queue {
  isBusy: boolean
  pending: (() => void)[]
}

/**
 * One task at a time per key; the rest wait in FIFO order, up to a bound. A task ends by a call of `finish`, not by a
 * promise: the end of a response is an event. Keys are held weakly.
 */
export class CallbackQueue<Key extends object> {
  private readonly queues = new WeakMap<Key, Queue>()

  constructor(private readonly maxPending: number) {}

  /** Runs the task at once when its key is idle, else later. Returns false, and drops it, when the queue is full. */
  push(key: Key, task: () => void): boolean {
    const queue = this.queues.get(key)
    if (!queue) this.queues.set(key, { isBusy: true, pending: [] })
    else if (queue.isBusy) {
      if (queue.pending.length >= this.maxPending) return false
      queue.pending.push(task)
      return true
    } else queue.isBusy = true
    task()
    return true
  }

  /** Ends the key's current task and starts the next. */
  finish(key: Key): void {
    const queue = this.queues.get(key)
    if (!queue) return
    const next = queue.pending.shift()
    if (next) next()
    else queue.isBusy = false
  }

  /** Drops the key's pending tasks. */
  clear(key: Key): void {
    this.queues.delete(key)
  }

  isBusy(key: Key): boolean {
    return this.queues.get(key)?.isBusy ?? false
  }

  /** number of tasks that wait behind the current one */
  pending(key: Key): number {
    return this.queues.get(key)?.pending.length ?? 0
  }
}
