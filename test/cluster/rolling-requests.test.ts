import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { testDatabase } from '../helpers/database.js'
import { readAnswer } from '../helpers/handshakes.js'
import { openRaw } from '../helpers/raw-connection.js'
import { startService } from '../helpers/service.js'
import { until } from '../helpers/until.js'

const REQUEST = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

for (const DRAIN_SECONDS of ['0', '1']) {
  t.test(`answers a request on a connection accepted before the drain of ${DRAIN_SECONDS} s`, async (t) => {
    const { app, port } = await startService(t, { database: await testDatabase(t), env: { DRAIN_SECONDS } })
    const [late, silent] = [await openRaw(port), await openRaw(port)]
    t.teardown(() => {
      for (const connection of [late, silent]) connection.destroy()
    })
    const accepted = () =>
      new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)))
    await until(async () => (await accepted()) === 2, 'both connections to be accepted')
    const closed = app.close()
    await until(() => !app.server.listening, 'the server to stop listening')
    // the request arrives late, as from a proxy on a busy machine
    await wait(30)
    late.write(REQUEST)
    t.match(await readAnswer(late), { status: 200 })
    await closed
    t.pass('a silent connection does not delay the shutdown')
  })
}
