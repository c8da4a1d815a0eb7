/** What a helper needs of a test, or of a script, to close what it opened. */
export interface Teardown {
  teardown(close: () => unknown): unknown
}

/** For scripts, which have no test that closes things for them. */
export class TeardownList implements Teardown {
  readonly #closers: (() => unknown)[] = []

  teardown(close: () => unknown): void {
    this.#closers.push(close)
  }

  /** Closes everything, the newest first. */
  async closeAll(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close()
  }
}
