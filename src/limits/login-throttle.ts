import { createHash } from 'node:crypto'
import type { QueuePriority } from '../concurrency/fair-queue.js'
import { tooMany } from '../errors.js'
import { addressKey } from '../http/client-address.js'
import { type HitCounter, secondsOf } from './hit-counter.js'

export interface SignIn {
  /** without blanks around it */
  username: string
  ip: string
  /** the device or session that was signed in to this account before; null: nothing is shown */
  recognizedAs: string | null
}

export interface LoginThrottle {
  /**
   * Counts an attempt before the password is verified, so that a hundred concurrent ones are a hundred attempts. Throws
   * 429 with `retryAfter`. `priority` is its place in the queue. After the right password `succeeded` takes it back.
   */
  attempt(signIn: SignIn): Promise<{ priority: QueuePriority; succeeded(): Promise<void> }>
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

/**
 * Slows guessing per account and per address, without locking the owner out: neither from elsewhere, nor, on a device that
 * was signed in before, from an address where a stranger guesses.
 */
export function createLoginThrottle(counter: HitCounter): LoginThrottle {
  const countAll = async ({ username, ip, recognizedAs }: SignIn): Promise<string[]> => {
    const account = accountKey(username)
    const take = async (key: string, limit: number) => {
      const { allowed, remainingMs } = await counter.hit(key, WINDOW_SECONDS, limit)
      if (!allowed) throw tooMany(secondsOf(remainingMs))
      return key
    }
    if (recognizedAs !== null) return [await take(`login:known:${account}:${recognizedAs}`, PAIR_LIMIT)]
    const byAddress = await take(`login:address:${addressKey(ip)}`, ADDRESS_LIMIT)
    const byAccount = `login:account:${account}`
    const underAttack = !(await counter.hit(byAccount, WINDOW_SECONDS, ACCOUNT_LIMIT)).allowed
    const pair = `login:pair:${account}:${addressKey(ip)}`
    return [byAddress, byAccount, await take(pair, underAttack ? PAIR_LIMIT_UNDER_ATTACK : PAIR_LIMIT)]
  }
  return {
    async attempt(signIn) {
      const keys = await countAll(signIn)
      return {
        priority: priorityOf(signIn),
        async succeeded() {
          await Promise.all(keys.map((key) => counter.refund(key)))
        },
      }
    },
  }
}

/** For `RATE_LIMITS=off`: never refuses. */
export const noThrottle: LoginThrottle = {
  async attempt(signIn) {
    return { priority: priorityOf(signIn), async succeeded() {} }
  },
}

function priorityOf({ username, ip, recognizedAs }: SignIn): QueuePriority {
  return { urgent: recognizedAs !== null, keys: [recognizedAs ?? addressKey(ip), accountKey(username)] }
}

/** User names are compared without case, may be long, and must not reach Redis. */
function accountKey(username: string): string {
  return createHash('sha256')
    .update(username.normalize('NFKC').toLowerCase())
    .digest('base64url')
    .slice(0, 22)
}
