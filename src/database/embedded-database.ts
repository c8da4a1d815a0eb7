import { relative } from 'node:path'
import { acquireEmbeddedServer, type EmbeddedServer } from './embedded/embedded-server.js'
import { migrationState } from './migrate.js'

export interface MatchingServer extends EmbeddedServer {
  /** whether all migrations of this version were already applied */
  readonly isCurrent: boolean
}

/**
 * Uses the embedded server with a database that this version can migrate. One that has migrations of another version is
 * kept in a folder beside it, which stderr names, and an empty one takes its place.
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
      return state !== 'unknown migrations'
    },
    onSetAside: (folder) => {
      process.stderr.write(
        `houselights: the embedded database has migrations of another version: it is kept in ${relative('', folder)}, and a new one is used\n`,
      )
    },
  })
  return { ...server, isCurrent }
}
