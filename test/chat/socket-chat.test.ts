import t from 'tap'
import { startNode } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { openV1 } from '../helpers/socket-client.js'

t.test('a message for an impossible chat id is refused like one for a missing chat', async (t) => {
  const node = await startNode(t)
  const socket = await openV1(node, await openSession(node, 'staff'), '/ws/chat-socket/')
  socket.subscribe()
  await socket.expect({ type: 'snapshot' })
  // as text: JSON.stringify would write some of them differently
  for (const chat of ['2147483647', '1.5', '2147483648', '1e300', '-1', '0', '-0']) {
    socket.send(`{"type":"send","chat":${chat},"text":"Hello?","clientId":"c${chat}"}`)
    const { code } = await socket.expect({ type: 'error' })
    t.equal(code, 'not_found', chat)
  }
  t.notOk(
    node.logs.lines.some(({ level = 0 }) => level >= 50),
    'a client’s mistake is not logged as an error',
  )
  await socket.close()
})
