import type { Server } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { Test } from 'tap'
import { PATIENCE } from '../helpers/deadline.js'

const STEP_MS = 20

/** Connections that the server has open, upgraded ones too. */
export function countOpen(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}

/** Passes once what is looked at is as wanted, fails with the last look when that does not come in time. */
export async function eventually<T>(
  t: Test,
  what: string,
  look: () => T | Promise<T>,
  wanted: T,
  within = PATIENCE,
): Promise<void> {
  const until = performance.now() + within
  for (;;) {
    const seen = await look()
    if (isDeepStrictEqual(seen, wanted) || performance.now() > until) {
      t.same(seen, wanted, what)
      return
    }
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
  }
}
