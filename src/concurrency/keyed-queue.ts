import { unavailable } from '../errors.js'

/** tasks that may wait in one lane; beyond, they are refused at once */
const MAX_WAITING = 256
/** ms that a task may wait for its turn: as long as it would for a connection to the database */
const WAIT_MS = 5000

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

  constructor(private readonly waitMs = WAIT_MS) {}

  /**
   * Throws 503 `unavailable` when too many wait in the lane already, or its turn does not come in time: while the
   * database hangs each task before it takes a statement's whole time-out. A task that was refused is not run.
   */
  async run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const lane = this.lanes.get(name) ?? { waiting: 0, tail: Promise.resolve() }
    if (lane.waiting >= MAX_WAITING) throw unavailable()
    this.lanes.set(name, lane)
    lane.waiting++
    try {
      return await this.inTurn(lane, task)
    } finally {
      if (--lane.waiting === 0) this.lanes.delete(name)
    }
  }

  private inTurn<T>(lane: Lane, task: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let isLate = false
      const timer = setTimeout(() => {
        isLate = true
        reject(unavailable())
      }, this.waitMs)
      lane.tail = lane.tail.then(async () => {
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
