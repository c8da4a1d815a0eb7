import { createHash } from 'node:crypto'

/**
 * The store in which all nodes count together: Redis or Valkey. Every caller has a fallback that counts on this node
 * alone, for when it is down.
 */
export interface SharedStore {
  /**
   * Runs commands behind a circuit breaker. Rejects at once while the store is down, and after 200 ms without a
   * reply; then the circuit stays open for a second, so that a store that hangs delays no caller twice.
   */
  attempt<T>(commands: () => Promise<T>): Promise<T>
  /** Runs a script atomically, through `attempt`. */
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  /** The full name of a key: apart from other services on the same Redis. */
  nameOf(key: string): string
}

/** A Lua script and the SHA-1 digest under which Redis caches it. */
export interface Script {
  readonly text: string
  readonly sha: string
}

export function createScript(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** Checks that a script returned `count` numbers. Throws otherwise. */
export function readNumbers(reply: unknown, count: number): number[] {
  if (Array.isArray(reply) && reply.length === count && reply.every((part) => typeof part === 'number')) {
    return reply
  }
  throw new Error('unexpected reply of the shared store')
}

/** Hashes what may name a key outside this process: no token, user name or address can be read from it. */
export function opaqueKey(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}
