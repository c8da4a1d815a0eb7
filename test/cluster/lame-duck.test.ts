import { once } from 'node:events'
import { get } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { testDatabase } from '../helpers/database.js'
import { createClient } from '../helpers/http-client.js'
import { latestBuild } from '../helpers/pages.js'
import { spawnService } from '../helpers/service-process.js'
import { signIn } from '../helpers/sign-in.js'
import { connect } from '../helpers/socket-client.js'
import { untilSame } from '../helpers/until.js'

t.test('a node that is told to stop says so, and accepts everything for LAME_DUCK_SECONDS', async (t) => {
  const { url: DATABASE_URL } = await testDatabase(t, { demo: true })
  const service = spawnService(t, {
    program: [join(latestBuild(), 'src/server.js')],
    env: { DATABASE_URL, LAME_DUCK_SECONDS: '600', DRAIN_SECONDS: '600' },
  })
  const { url } = await service.listening()
  const staff = await signIn(url, 'staff')
  const board = await connect(`${url}/ws/all-seat-datasocket/`, { cookie: staff.cookie })

  service.child.kill('SIGTERM')
  const ready = async () => (await createClient(url).get<{ status: string }>('/readyz')).body.status
  await untilSame(t, 'not ready', ready, 'draining')
  t.match(await createClient(url).get('/readyz'), { status: 503 })
  t.match(await staff.get('/api/theatres/1/orders'), { status: 200 })
  t.match(await staff.post('/api/theatres/1/pause', {}), { status: 200 })
  const another = await connect(`${url}/ws/all-seat-datasocket/`, { cookie: staff.cookie })
  t.match(await another.expect({ type: 'hello' }), { user: { username: 'staff' } })
  t.match(await board.expect({ type: 'hello' }), { user: { username: 'staff' } }, 'and the open one stays')
  const [answer] = await once(get(`${url}/healthz`, { headers: { connection: 'keep-alive' } }), 'response')
  t.equal(answer.headers.connection, 'close', 'proxies keep no connection for later')
  answer.resume()

  service.child.kill('SIGINT')
  t.same(await service.ended(), [1, null], 'a second signal ends it')
})
