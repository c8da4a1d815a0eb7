import { loadConfig } from '../config/config.js'
import { settleDatabaseUrl } from '../database/database-url.js'
import { acquireEmbeddedServer } from '../database/embedded/embedded-server.js'
import type { CommandIo } from './command.js'

/** The database as it is: unlike `withContext` it neither migrates an embedded one nor sets it aside. */
export async function withDatabaseUrl<T>(
  { env }: CommandIo,
  work: (url: string, isEmbedded: boolean) => Promise<T>,
): Promise<T> {
  const { databaseUrl, dataDirectory } = loadConfig(env, { dataDirectory: '.data' })
  if (databaseUrl !== null) return await work(await settleDatabaseUrl(databaseUrl), false)
  const server = await acquireEmbeddedServer({ dataDirectory })
  try {
    return await work(server.url, true)
  } finally {
    await server.release()
  }
}
