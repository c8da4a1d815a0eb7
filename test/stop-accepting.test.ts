import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { BACKLOG } from '../src/fastify-instance.js'
import { stopAccepting } from '../src/stop-accepting.js'
import { listen } from './helpers/listen.js'
import { until } from './helpers/until.js'

const HAMMER = fileURLToPath(new URL('helpers/hammer.mjs', import.meta.url))
const ROUNDS = 10
const AT_ONCE = 8
/** a different moment of the crowd's work in each round */
const requestsBefore = (round: number) => 50 + 17 * round

// elsewhere a handshake in progress can't be seen
const skip = process.platform !== 'linux' && 'there is no /proc/net/tcp'

t.test('no request of a crowd is lost when the server stops accepting', { skip }, async (t) => {
  const total = { answered: 0, refused: 0, lost: 0 }
  for (let round = 0; round < ROUNDS; round++) {
    let served = 0
    const server = createServer((_request, response) => {
      served++
      response.end('served')
    })
    const port = await listen(server)
    const crowd = fork(HAMMER, [String(port), String(AT_ONCE)])
    t.teardown(() => crowd.kill('SIGKILL'))
    await until(() => served > requestsBefore(round), 'the crowd to send')
    await stopAccepting(server, BACKLOG)
    crowd.send('stop')
    const [counts] = await once(crowd, 'message')
    t.equal(served, counts.answered, `round ${round}: each request that the server got was answered`)
    for (const kind of ['answered', 'refused', 'lost'] as const) total[kind] += counts[kind]
  }
  t.equal(total.lost, 0, `of ${total.answered} requests none was lost`)
  t.ok(total.refused > 0, 'the crowd was sending when the server stopped')
})
