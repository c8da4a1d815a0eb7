// A process that uses an embedded server: `node --import=tsx server-user.ts <data directory>`. Prints `{url, ms}`; on a
// line on stdin it releases the server and exits, or, on "exit", exits without a release.
import { createInterface } from 'node:readline'
import { acquireEmbeddedServer } from '../../src/database/embedded/embedded-server.js'

const [dataDirectory = ''] = process.argv.slice(2)
const server = await acquireEmbeddedServer({ dataDirectory })
console.log(JSON.stringify({ url: server.url }))
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'exit') process.exit(0)
  await server.release()
  process.exit(0)
}
