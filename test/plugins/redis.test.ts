import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { postOrder } from '../helpers/customers.js'
import { createClient } from '../helpers/http-client.js'
import { startRedis } from '../helpers/redis.js'
import { startNode, type TestService } from '../helpers/service.js'
import { until, untilSame } from '../helpers/until.js'

// What operators see when Redis is up and does not serve the service.

const USER = 'houselights'
const PASSWORD = 'only-for-this-test'

async function openAdmin(t: Test, url: string): Promise<Redis> {
  const admin = new Redis(url)
  t.teardown(() => admin.disconnect())
  admin.on('error', () => {})
  return admin
}

async function expectDegraded(t: Test, { url, logs }: TestService, reason: string): Promise<void> {
  const client = createClient(url)
  const look = async () => (await client.get<Record<string, unknown>>('/readyz')).body
  await untilSame(t, `degraded by ${reason}`, look, {
    status: 'degraded',
    database: 'up',
    redis: 'down',
    reason,
  })
  t.match((await client.get('/metrics')).text, /^houselights_bus_up 0$/m)
  t.match(await logs.expect({ msg: 'the bus between nodes is down', reason }), { level: 50, cure: /./ })
}

const isUp = ({ url }: TestService) =>
  until(
    async () => (await createClient(url).get('/metrics')).text.includes('\nhouselights_bus_up 1\n'),
    'the bus',
  )

t.test('a user without the right to channels, which Redis 7 gives no new user', async (t) => {
  const redis = await startRedis(t)
  const admin = await openAdmin(t, redis.url)
  await admin.acl('SETUSER', USER, 'on', `>${PASSWORD}`, '~*', 'resetchannels', '+@all')
  const url = redis.url.replace('//', `//${USER}:${PASSWORD}@`)
  const service = await startNode(t, { env: { REDIS_URL: url } })
  await expectDegraded(t, service, 'no_permission')
  await admin.acl('SETUSER', USER, '&houselights:*')
  await isUp(service)
  await service.logs.expect({ msg: 'the bus between nodes is back' })
  t.match(await createClient(service.url).get('/readyz'), { body: { status: 'ready', redis: 'up' } })
  // Redis closes the connections whose channels are taken away
  await admin.acl('SETUSER', USER, 'resetchannels')
  await expectDegraded(t, service, 'no_permission')
  t.notMatch(service.logs.text, PASSWORD)
})

t.test('a user with the rights that docs/operations.md names', async (t) => {
  const redis = await startRedis(t)
  const admin = await openAdmin(t, redis.url)
  const rights = ['~houselights:*', '&houselights:*', '+@all', '-@admin', '-@dangerous']
  await admin.acl('SETUSER', USER, 'on', `>${PASSWORD}`, ...rights)
  const url = redis.url.replace('//', `//${USER}:${PASSWORD}@`)
  const service = await startNode(t, { env: { REDIS_URL: url, RATE_LIMITS: 'on' } })
  await isUp(service)
  await service.logs.refute({ reason: 'no_permission' }, { until: postOrder(createClient(service.url)) })
  t.match(await createClient(service.url).get('/readyz'), { body: { status: 'ready' } })
  t.ok((await admin.keys('houselights:*limit:*')).length > 0, 'it counts in Redis')
})

t.test('a wrong password', async (t) => {
  const redis = await startRedis(t)
  const admin = await openAdmin(t, redis.url)
  await admin.acl('SETUSER', USER, 'on', `>${PASSWORD}`, '~*', '&*', '+@all')
  const url = redis.url.replace('//', `//${USER}:another-password@`)
  await expectDegraded(t, await startNode(t, { env: { REDIS_URL: url } }), 'wrong_password')
})

t.test('a server that accepts no more connections, and one that is away', async (t) => {
  const redis = await startRedis(t)
  const admin = await openAdmin(t, redis.url)
  await admin.config('SET', 'maxclients', '1')
  const service = await startNode(t, { env: { REDIS_URL: redis.url } })
  await expectDegraded(t, service, 'too_many_clients')
  await admin.config('SET', 'maxclients', '100')
  await isUp(service)
  await redis.kill()
  await expectDegraded(t, service, 'away')
})
