import t from 'tap'
import { postOrder } from '../helpers/customers.js'
import { testDatabase } from '../helpers/database.js'
import { PATIENCE } from '../helpers/deadline.js'
import { shakeHands } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import { startRedis } from '../helpers/redis.js'
import { startService, type TestService } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { until } from '../helpers/until.js'

const PATH = '/ws/all-seat-datasocket/'

t.test('more than 30 handshakes of one session in 10 s are 429, accepted ones too', async (t) => {
  const redis = await startRedis(t)
  const database = await testDatabase(t, { demo: true })
  const shared = { database, env: { REDIS_URL: redis.url }, redisReplyMs: PATIENCE }
  const nodes = [await startService(t, shared), await startService(t, shared)]
  const [a] = nodes
  if (!a) throw new Error('no node')
  const shakeOn = (node: TestService, cookie: string, path = PATH) => shakeHands(node.port, { path, cookie })
  const shake = async (cookie: string, path?: string) => (await shakeOn(a, cookie, path)).status

  const guest = createClient(a.url)
  const path = `/ws/payment-socket/${(await postOrder(guest)).id}/`
  const staff = await signIn(a.url, 'staff')
  // a window begins with the first handshake: on a slow machine the attempt is made again with a new one
  const limited = await until(async () => {
    const session = await signIn(a.url, 'staff')
    const startedAt = performance.now()
    const statuses: number[] = []
    for (let i = 0; i < 30; i++) {
      const node = nodes[i % 2] ?? a
      const refusal = i % 10 === 9 ? '/ws/payment-socket/2000000000/' : PATH
      statuses.push((await shakeOn(node, session.cookie, refusal)).status)
    }
    const last = await Promise.all(nodes.map((node) => shakeOn(node, session.cookie)))
    return performance.now() - startedAt < 10_000 ? { statuses, last } : null
  }, '32 handshakes within 10 s')
  t.same(new Set(limited.statuses), new Set([101, 403]), 'refused ones count too')
  t.same(limited.statuses.filter((status) => status === 403).length, 3)
  for (const { status, code, headers } of limited.last) {
    t.match({ status, code }, { status: 429, code: 'too_many_requests' })
    const seconds = Number(headers.get('retry-after'))
    t.ok(seconds >= 1 && seconds <= 10, `Retry-After: ${seconds}`)
  }
  t.equal(await shake(staff.cookie), 101, 'another session of the same user is not touched')
  t.equal(await shake(guest.cookie, path), 101)
})
