import type { Publisher } from '../live/commit.js'

export interface CommandPublisher {
  live: Publisher
  /** Resolves once what was published is on its way. */
  close(): Promise<void>
}

/**
 * Tells running nodes of a command's commits. Without a link to them nothing is lost: they read the log every second,
 * and changes of rights with it.
 */
export async function openPublisher(): Promise<CommandPublisher> {
  return { live: { publish() {} }, close: async () => {} }
}
