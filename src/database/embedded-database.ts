import { relative } from 'node:path'
import { acquireEmbeddedServer, type EmbeddedServer } from './embedded/embedded-server.js'
import { hasKnownMigrations } from './migrate.js'

/**
 * Uses the embedded server with a database that this version can migrate. One that has migrations of another version is
 * kept in a folder beside it, which stderr names, and an empty one takes its place.
 */
export function acquireMatchingServer({ dataDirectory }: { dataDirectory: string }): Promise<EmbeddedServer> {
  return acquireEmbeddedServer({
    dataDirectory,
    accepts: hasKnownMigrations,
    onSetAside: (folder) => {
      process.stderr.write(
        `houselights: the embedded database has migrations of another version: it is kept in ${relative('', folder)}, and a new one is used\n`,
      )
    },
  })
}
