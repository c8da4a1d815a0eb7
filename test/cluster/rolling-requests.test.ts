import { mock } from 'node:test'
import t from 'tap'
import { testDatabase } from '../helpers/database.js'
import { readAnswer } from '../helpers/handshakes.js'
import { countOpen } from '../helpers/listen.js'
import { openRaw } from '../helpers/raw-connection.js'
import { startService } from '../helpers/service.js'
import { until } from '../helpers/until.js'

const REQUEST = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

for (const DRAIN_SECONDS of ['0', '1']) {
  t.test(`answers a request on a connection accepted before the drain of ${DRAIN_SECONDS} s`, async (t) => {
    const { app, port } = await startService(t, { database: await testDatabase(t), env: { DRAIN_SECONDS } })
    // the service's grace for a first request does not run out while this test works
    const now = performance.now()
    const clock = mock.method(performance, 'now', () => now)
    t.teardown(() => clock.mock.restore())
    const [late, silent] = [await openRaw(port), await openRaw(port)]
    t.teardown(() => {
      for (const connection of [late, silent]) connection.destroy()
    })
    await until(async () => (await countOpen(app.server)) === 2, 'both connections to be accepted')
    const closed = app.close()
    await until(() => !app.server.listening, 'the server to stop listening')
    // the request arrives late, as from a proxy on a busy machine
    late.write(REQUEST)
    t.match(await readAnswer(late), { status: 200 })
    clock.mock.restore()
    await closed
    t.pass('a silent connection does not delay the shutdown')
  })
}
