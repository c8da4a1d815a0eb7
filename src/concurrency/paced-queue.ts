/**
 * Starts at most `perIteration` tasks in one iteration of the event loop, the oldest first. What is ready beside them, such as a
 * reply of the database, waits for that many and not for all that have arrived at once. The caller bounds how many wait.
 */
export class PacedQueue {
  private waiting: (() => void)[] = []
  private started = 0

  constructor(private readonly perIteration: number) {}

  /** Starts the task at once, or in one of the next iterations. */
  run(task: () => void): void {
    if (this.started === this.perIteration) return void this.waiting.push(task)
    if (this.started++ === 0) setImmediate(() => this.startNext())
    task()
  }

  private startNext(): void {
    this.started = 0
    for (const task of this.waiting.splice(0, this.perIteration)) this.run(task)
  }
}
