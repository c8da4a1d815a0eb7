/** A Lua script and the SHA-1 by which Redis remembers it. */
export interface Script {
  readonly text: string
  readonly sha: string
}

/**
 * What all nodes share for counting: Redis, or Valkey. Nothing that matters hangs on it: whoever asks has an answer
 * of this node's own for when it is away.
 */
export interface SharedStore {
  /**
   * Runs a script, atomically. Rejects at once while the store is down, and when it does not answer within 250 ms;
   * after that it is let be for a while, so that nobody waits for it twice.
   */
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  /** Hears what scripts publish on a channel. Messages are lost while the link is down. */
  listen(channel: string, listener: (message: string) => void): void
  /** The name of a key or channel, apart from those of other services on the same Redis. */
  nameOf(key: string): string
}
