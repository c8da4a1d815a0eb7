import { createHash } from 'node:crypto'
import { tooMany } from '../errors.js'
import { addressKey } from '../http/client-address.js'
import { type HitCounter, secondsOf } from './hit-counter.js'

export interface LoginThrottle {
  /**
   * Counts an attempt before the password is verified, so that a hundred concurrent ones are a hundred attempts. Throws
   * 429 with `retryAfter`. After the right password `succeeded` takes the attempt back.
   */
  attempt(username: string, ip: string): Promise<{ succeeded(): Promise<void> }>
}

const WINDOW_SECONDS = 300
/** attempts on one account from one address */
const PAIR_LIMIT = 10
/** attempts from one address, which may be the Wi-Fi of a whole theatre */
const ADDRESS_LIMIT = 50
/** attempts on one account from all addresses; after that each address has only … */
const ACCOUNT_LIMIT = 30
/** … this many: guessing from many addresses is slowed, and its owner can still sign in */
const PAIR_LIMIT_UNDER_ATTACK = 3

/** Slows guessing per account and per address, without locking the owner out from elsewhere. */
export function createLoginThrottle(counter: HitCounter): LoginThrottle {
  return {
    async attempt(username, ip) {
      const address = `login:address:${addressKey(ip)}`
      const account = `login:account:${accountKey(username)}`
      const pair = `login:pair:${accountKey(username)}:${addressKey(ip)}`
      const byAddress = await counter.hit(address, WINDOW_SECONDS, ADDRESS_LIMIT)
      if (!byAddress.allowed) throw tooMany(secondsOf(byAddress.remainingMs))
      const underAttack = !(await counter.hit(account, WINDOW_SECONDS, ACCOUNT_LIMIT)).allowed
      const byPair = await counter.hit(
        pair,
        WINDOW_SECONDS,
        underAttack ? PAIR_LIMIT_UNDER_ATTACK : PAIR_LIMIT,
      )
      if (!byPair.allowed) throw tooMany(secondsOf(byPair.remainingMs))
      return {
        async succeeded() {
          await Promise.all([address, account, pair].map((key) => counter.refund(key)))
        },
      }
    },
  }
}

/** For `RATE_LIMITS=off`: never refuses. */
export const noThrottle: LoginThrottle = {
  async attempt() {
    return { async succeeded() {} }
  },
}

/** User names are compared without case, may be long, and must not reach Redis. */
function accountKey(username: string): string {
  return createHash('sha256')
    .update(username.normalize('NFKC').toLowerCase())
    .digest('base64url')
    .slice(0, 22)
}
