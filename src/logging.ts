/** Says how often a thing that happens in floods is to be told: at most once in `everyMs`. */
export class Seldom {
  private untold = 0
  private nextAt = 0

  constructor(private readonly everyMs: number) {}

  /** It happened: the number of times that went untold before this one, when it is to be told; else null. */
  happened(now = performance.now()): number | null {
    if (now < this.nextAt) {
      this.untold++
      return null
    }
    const { untold } = this
    this.untold = 0
    this.nextAt = now + this.everyMs
    return untold
  }
}
