import { unavailable } from '../errors.js'

/** tasks per key, the running one included; more are refused at once */
const MAX_TASKS = 256
/** ms a task may wait to start: as long as it would for a database connection */
const WAIT_MS = 5000

interface Queue {
  size: number
  tail: Promise<unknown>
}

/**
 * Runs the tasks of one key one after the other, those of different keys concurrently. Changes of one order would wait
 * for its row lock anyway; waiting here is free, waiting there holds a database connection that others need.
 */
export class KeyedQueue {
  private readonly queues = new Map<string, Queue>()

  constructor(private readonly waitMs = WAIT_MS) {}

  /**
   * Throws 503 `unavailable` when the key's queue is full, or the task has not started within the time limit: while
   * the database hangs, each task ahead takes a whole statement timeout. A refused task never runs.
   */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const queue = this.queues.get(key) ?? { size: 0, tail: Promise.resolve() }
    if (queue.size >= MAX_TASKS) throw unavailable()
    this.queues.set(key, queue)
    queue.size++
    try {
      return await this.enqueue(queue, task)
    } finally {
      if (--queue.size === 0) this.queues.delete(key)
    }
  }

  private enqueue<T>(queue: Queue, task: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let isLate = false
      const timer = setTimeout(() => {
        isLate = true
        reject(unavailable())
      }, this.waitMs)
      queue.tail = queue.tail.then(async () => {
        clearTimeout(timer)
        if (isLate) return
        try {
          resolve(await task())
        } catch (error) {
          reject(error)
        }
      })
    })
  }
}
