import { unavailable } from '../errors.js'

/** tasks that may wait in one lane; beyond, they are refused at once */
const MAX_WAITING = 256

interface Lane {
  waiting: number
  tail: Promise<unknown>
}

/**
 * Tasks of one lane run one after the other, those of different lanes side by side. Changes of one order wait for its
 * row anyway; waiting here costs nothing, waiting there holds a connection to the database that others need.
 */
export class Lanes {
  private readonly lanes = new Map<string, Lane>()

  /** Throws 503 `unavailable` when too many wait in the lane already. */
  async run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const lane = this.lanes.get(name) ?? { waiting: 0, tail: Promise.resolve() }
    if (lane.waiting >= MAX_WAITING) throw unavailable()
    this.lanes.set(name, lane)
    lane.waiting++
    const ran = lane.tail.then(task)
    lane.tail = ran.catch(() => {})
    try {
      return await ran
    } finally {
      if (--lane.waiting === 0) this.lanes.delete(name)
    }
  }
}
