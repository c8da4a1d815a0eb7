// `npx prisma db seed`: loads the demo theatres and accounts into DATABASE_URL's database, or else the embedded one.

import { acquireEmbeddedServer } from '../src/database/embedded/embedded-server.js'
import { loadDemoData } from '../src/demo-data.js'

async function seed(): Promise<void> {
  const { NODE_ENV, DATABASE_URL: url } = process.env
  if (NODE_ENV === 'production') {
    throw new Error(
      'NODE_ENV is production: the demo accounts have a public password and can’t be loaded there.',
    )
  }
  if (url) return await loadDemoData(url)
  const server = await acquireEmbeddedServer({ dataDirectory: '.data' })
  try {
    await loadDemoData(server.url)
  } finally {
    await server.release()
  }
}

seed().catch((error: unknown) => {
  process.stderr.write(
    `The demo data could not be loaded: ${error instanceof Error ? error.message : error}\n`,
  )
  process.exitCode = 1
})
