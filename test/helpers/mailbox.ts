import { inspect } from 'node:util'
import { PATIENCE, within } from './deadline.js'

/** What is looked for: a test of one's own, or a part that the whole must contain, to any depth. */
export type Matcher<T> = ((item: T) => boolean) | Partial<Record<string, unknown>>

interface Waiter<T> {
  matches: (item: T) => boolean
  take: (item: T) => void
}

/**
 * What arrived, as in Phoenix.ChannelTest: `expect` takes the first that matches and has not been taken yet, now or
 * when it comes; `refute` says that none such came. Nothing is ever lost: `history` keeps all.
 */
export class Mailbox<T> {
  readonly history: T[] = []
  readonly #untaken: T[] = []
  readonly #waiters = new Set<Waiter<T>>()

  constructor(readonly name: string) {}

  push(item: T): void {
    this.history.push(item)
    for (const waiter of this.#waiters) {
      if (!waiter.matches(item)) continue
      this.#waiters.delete(waiter)
      waiter.take(item)
      return
    }
    this.#untaken.push(item)
  }

  /** @param options.within ms */
  async expect<U extends T = T>(matcher: Matcher<T>, options: { within?: number } = {}): Promise<U> {
    const matches = toPredicate(matcher)
    const at = this.#untaken.findIndex(matches)
    const [found] = at < 0 ? [] : this.#untaken.splice(at, 1)
    if (found !== undefined) return found as U
    let waiter: Waiter<T> | undefined
    const coming = new Promise<T>((take) => {
      waiter = { matches, take }
      this.#waiters.add(waiter)
    })
    try {
      const what = () =>
        `${this.name}: ${describe(matcher)}; arrived, not taken: ${inspect(this.#untaken, { depth: 6 })}`
      return (await within(coming, options.within ?? PATIENCE, what)) as U
    } finally {
      if (waiter) this.#waiters.delete(waiter)
    }
  }

  /** Throws when something matching has come and was not taken, or comes before `until` settles. */
  async refute(matcher: Matcher<T>, options: { until: Promise<unknown> }): Promise<void> {
    await options.until
    const found = this.#untaken.find(toPredicate(matcher))
    if (found !== undefined)
      throw new Error(`${this.name}: came, but must not: ${inspect(found, { depth: 6 })}`)
  }
}

const toPredicate = <T>(matcher: Matcher<T>): ((item: T) => boolean) =>
  typeof matcher === 'function' ? matcher : (item) => contains(item, matcher)

const describe = (matcher: Matcher<never>): string =>
  typeof matcher === 'function' ? matcher.toString() : inspect(matcher, { depth: 6 })

/** Whether the whole holds the part: objects by the part's keys, arrays element by element, the rest by identity. */
export function contains(whole: unknown, part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return Object.is(whole, part)
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole) !== Array.isArray(part))
    return false
  if (Array.isArray(part) && Array.isArray(whole) && part.length !== whole.length) return false
  return Object.entries(part).every(([key, value]) => contains(Reflect.get(whole, key), value))
}
