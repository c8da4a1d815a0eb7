import t from 'tap'
import { createClient } from '../helpers/http-client.js'
import { startService } from '../helpers/service.js'
import { until } from '../helpers/until.js'

t.test('concurrent readiness checks share one query', async (t) => {
  const { app, url } = await startService(t)
  const query = app.rawDb.$queryRaw
  let asked = 0
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  Reflect.set(app.rawDb, '$queryRaw', () => {
    asked++
    return answered
  })
  let requests = 0
  app.server.on('request', () => requests++)
  const waiting = Array.from({ length: 20 }, () => createClient(url).get('/readyz'))
  await until(() => requests === 20, 'all requests to arrive')
  // and to pass the hooks, which are synchronous
  await createClient(url).get('/healthz')
  answer()
  for (const one of await Promise.all(waiting)) t.match(one, { status: 200, body: { status: 'ready' } })
  t.equal(asked, 1, 'one query')
  Reflect.set(app.rawDb, '$queryRaw', () => Promise.reject(new Error('away')))
  t.match(await createClient(url).get('/readyz'), { status: 503 }, 'the next check queries again')
  Reflect.set(app.rawDb, '$queryRaw', query)
})
