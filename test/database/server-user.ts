// A process of its own that uses an embedded server: `node --import=tsx server-user.ts <data directory>`.
// Says `{url, ms}`; a line on stdin makes it release, or, with "exit", exit without.
import { createInterface } from 'node:readline'
import { acquireEmbeddedServer } from '../../src/database/embedded/embedded-server.js'

const [dataDirectory = ''] = process.argv.slice(2)
const before = performance.now()
const server = await acquireEmbeddedServer({ dataDirectory })
console.log(JSON.stringify({ url: server.url, ms: performance.now() - before }))
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'exit') process.exit(0)
  await server.release()
  process.exit(0)
}
