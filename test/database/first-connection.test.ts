import t from 'tap'
import { firstCall } from '../../src/database/first-connection.js'
import { testDatabase } from '../helpers/database.js'
import { createClient } from '../helpers/http-client.js'
import { startService } from '../helpers/service.js'
import { startTcpProxy } from '../helpers/tcp-proxy.js'

/** in the first packet of a connection of the service's pools, and of no other */
const OF_A_POOL = 'application_name\0houselights\0'

t.test('a start waits for a database that is slow to take a connection', async (t) => {
  const database = await testDatabase(t)
  const url = new URL(database.url)
  const proxy = await startTcpProxy(t, { host: url.hostname, port: Number(url.port), only: OF_A_POOL })
  url.port = `${proxy.port}`
  proxy.ignoreNext()
  const service = await startService(t, { database: { ...database, url: url.href } })
  t.equal(proxy.ignored, 1, 'one connection got no answer')
  t.equal((await createClient(service.url).get('/readyz')).status, 200)
})

t.test('what is no deadline of a connection fails at once', async (t) => {
  let calls = 0
  const refused = new Error('password authentication failed')
  const call = async () => {
    calls++
    throw refused
  }
  await t.rejects(firstCall(call), refused)
  t.equal(calls, 1)
})
