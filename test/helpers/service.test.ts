import t from 'tap'
import { testDatabase } from './database.js'
import { administer, dropDatabase, dropLeftovers, testServer, withClient } from './database-template.js'
import { createClient } from './http-client.js'
import { startService, TEST_SECRETS } from './service.js'

const exists = async (url: string): Promise<boolean> => {
  const name = new URL(url).pathname.slice(1)
  const { adminUrl } = await testServer()
  return withClient(adminUrl, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
    return rowCount === 1
  })
}

t.test('a database is a test’s own: migrated, empty or with the demo, and gone after it', async (t) => {
  const urls: string[] = []
  await t.test('two at once', async (t) => {
    const [empty, demo] = await Promise.all([testDatabase(t), testDatabase(t, { demo: true })])
    urls.push(empty.url, demo.url)
    t.equal(await empty.db.theatre.count(), 0)
    t.equal(await empty.db.accessEpoch.count(), 1)
    t.equal(await demo.db.theatre.count(), 2)
    await empty.db.theatre.create({ data: { name: 'Own', timeZone: 'UTC', maxTime: 30, minTime: 5 } })
    t.equal(await demo.db.theatre.count(), 2)
  })
  t.equal(urls.length, 2)
  for (const url of urls) t.equal(await exists(url), false)
})

t.test('leftovers of killed runs are dropped when they are old, and only those', async (t) => {
  const { urlOf } = await testServer()
  const old = 'houselights_test_1000_1_0'
  const young = `houselights_test_${Date.now()}_1_0`
  for (const name of [old, young]) await administer(`CREATE DATABASE ${name}`)
  await dropLeftovers()
  t.equal(await exists(urlOf(old)), false)
  t.equal(await exists(urlOf(young)), true)
  await dropDatabase(young)
})

t.test('two nodes on one database, with their own settings and logs', async (t) => {
  const database = await testDatabase(t, { demo: true })
  const one = await startService(t, { database })
  const two = await startService(t, { database, env: { LOG_LEVEL: 'error', WS_MAX_PAYLOAD: '99' } })
  t.not(one.port, two.port)
  t.equal(two.config.sockets.maxPayloadBytes, 99)
  for (const { url } of [one, two]) t.match(await createClient(url).get('/healthz'), { status: 200 })
  t.match(await createClient(two.url).get('/api/seats/demo-a1'), {
    status: 200,
    body: { seat: { name: 'A1' } },
  })
  await one.logs.expect(({ msg }) => /listening/i.test(msg ?? ''))
  t.strictSame(two.logs.lines, [])
  t.notOk(Object.values(TEST_SECRETS).some((secret) => one.logs.text.includes(secret)))
  await one.close()
  await t.rejects(createClient(one.url).get('/healthz'), { code: 'ECONNREFUSED' })
  t.match(await createClient(two.url).get('/healthz'), { status: 200 })
})
