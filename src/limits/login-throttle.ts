import { createHash } from 'node:crypto'
import { tooMany } from '../errors.js'
import { addressKey } from '../http/client-address.js'

/** Counts hits in fixed windows. One node's memory, or Redis for all nodes: the same promise. */
export interface HitCounter {
  /**
   * Counts one hit. `allowed` is false from the hit after `limit` to the end of the window, which begins with its
   * first hit; `retryAfter` is the whole seconds until then, at least 1.
   */
  hit(key: string, windowSeconds: number, limit: number): Promise<{ allowed: boolean; retryAfter: number }>
  /** Takes one hit back. */
  forgive(key: string): Promise<void>
}

export interface LoginThrottle {
  /**
   * Counts a try before the password is looked at, so that a hundred at once are a hundred tries. Throws 429 with
   * `retryAfter`. Whoever turns out to know the password calls `succeeded`, and the try no longer counts.
   */
  attempt(username: string, ip: string): Promise<{ succeeded(): Promise<void> }>
}

const WINDOW = 300
/** tries at one account from one address */
const PAIR_LIMIT = 10
/** tries from one address: a theatre's Wi-Fi is one address to many people */
const ADDRESS_LIMIT = 50
/** tries at one account from anywhere, after which each address has only … */
const ACCOUNT_LIMIT = 30
/** … this many: guessing from many addresses slows down, and who knows the password still gets in */
const PAIR_LIMIT_UNDER_ATTACK = 3

/** Slows guessing per account and per address, and locks nobody out who comes from elsewhere. */
export function createLoginThrottle(counter: HitCounter): LoginThrottle {
  return {
    async attempt(username, ip) {
      const address = `login:address:${addressKey(ip)}`
      const account = `login:account:${accountKey(username)}`
      const pair = `login:pair:${accountKey(username)}:${addressKey(ip)}`
      const fromHere = await counter.hit(address, WINDOW, ADDRESS_LIMIT)
      if (!fromHere.allowed) throw tooMany(fromHere.retryAfter)
      const underAttack = !(await counter.hit(account, WINDOW, ACCOUNT_LIMIT)).allowed
      const both = await counter.hit(pair, WINDOW, underAttack ? PAIR_LIMIT_UNDER_ATTACK : PAIR_LIMIT)
      if (!both.allowed) throw tooMany(both.retryAfter)
      return {
        async succeeded() {
          await Promise.all([address, account, pair].map((key) => counter.forgive(key)))
        },
      }
    },
  }
}

/** For `RATE_LIMITS=off`: lets everybody try. */
export const noThrottle: LoginThrottle = {
  async attempt() {
    return { async succeeded() {} }
  },
}

/** Names are compared without case, may be long, and stay out of Redis. */
function accountKey(username: string): string {
  return createHash('sha256')
    .update(username.normalize('NFKC').toLowerCase())
    .digest('base64url')
    .slice(0, 22)
}
