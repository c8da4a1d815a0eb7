import { Redis } from 'ioredis'
import t from 'tap'
import { testDatabase } from '../helpers/database.js'
import { PATIENCE } from '../helpers/deadline.js'
import { shakeHands } from '../helpers/handshakes.js'
import { startRedis } from '../helpers/redis.js'
import { startService } from '../helpers/service.js'
import { spawnService } from '../helpers/service-process.js'
import { signIn } from '../helpers/sign-in.js'
import { connect } from '../helpers/socket-client.js'
import { untilSame } from '../helpers/until.js'

const PATH = '/ws/all-seat-datasocket/'

t.test('the sockets of a killed node stop counting against their users', async (t) => {
  const redis = await startRedis(t)
  const database = await testDatabase(t, { demo: true })
  const env = { REDIS_URL: redis.url, WS_MAX_PER_USER: '4', WS_REFUSALS: '100000', RATE_LIMITS: 'off' }
  const survivor = await startService(t, { database, env, redisReplyMs: PATIENCE })
  const killed = spawnService(t, { env: { ...env, DATABASE_URL: database.url } })
  const { url } = await killed.listening()
  const { cookie } = await signIn(survivor.url, 'staff')
  for (let i = 0; i < 4; i++) await connect(`${url}${PATH}`, { cookie })
  const status = async () => (await shakeHands(survivor.port, { path: PATH, cookie })).status
  t.equal(await status(), 429, 'all places are taken')

  const store = new Redis(redis.url)
  t.teardown(() => store.disconnect())
  for (const lease of await store.keys('*limit:node:*')) {
    const ms = await store.pttl(lease)
    t.ok(ms > 0 && ms <= 5000, `a node's proof of life is believed for ${ms} ms`)
  }
  killed.child.kill('SIGKILL')
  await killed.ended()
  await untilSame(t, 'the user can come to another node', status, 101)
})
