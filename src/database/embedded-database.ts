import { relative } from 'node:path'
import { acquireEmbeddedServer, type EmbeddedServer } from './embedded/embedded-server.js'
import { hasKnownMigrations } from './migrate.js'

/**
 * Acquires the embedded server with a database that this version can migrate. A database with migrations of another
 * version is moved to a folder beside it, whose path goes to stderr, and replaced by an empty one.
 */
export function acquireMatchingServer({ dataDirectory }: { dataDirectory: string }): Promise<EmbeddedServer> {
  return acquireEmbeddedServer({
    dataDirectory,
    accepts: hasKnownMigrations,
    onSetAside: (folder) => {
      process.stderr.write(
        `houselights: the embedded database has migrations of another version: it was moved to ${relative('', folder)}, and a new one is used\n`,
      )
    },
  })
}
