import { relative } from 'node:path'
import { acquireEmbeddedServer, type EmbeddedServer } from './embedded/embedded-server.js'
import { migrationState } from './migrate.js'

export interface MatchingServer extends EmbeddedServer {
  /** whether all migrations of this version were already applied */
  readonly isCurrent: boolean
}

/**
 * Acquires the embedded server with a database that this version can migrate. A database with migrations of another
 * version is moved to a folder beside it, whose path goes to stderr, and replaced by an empty one.
 */
export async function acquireMatchingServer({
  dataDirectory,
}: {
  dataDirectory: string
}): Promise<MatchingServer> {
  let isCurrent = false
  const server = await acquireEmbeddedServer({
    dataDirectory,
    async accepts(url) {
      const state = await migrationState(url)
      isCurrent = state === 'current'
      return state !== 'unknown migrations' && state !== 'newer'
    },
    onSetAside: (folder) => {
      process.stderr.write(
        `houselights: the embedded database has migrations of another version: it was moved to ${relative('', folder)}, and a new one is used\n`,
      )
    },
  })
  return { ...server, isCurrent }
}
