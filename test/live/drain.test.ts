import t from 'tap'
import { within } from '../helpers/deadline.js'
import { headOf, readAnswer } from '../helpers/handshakes.js'
import { openRaw } from '../helpers/raw-connection.js'
import { startService } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { closeCode, frame, OPCODE } from '../security/frames.js'

const PATH = '/ws/all-seat-datasocket/'

t.test('a client that does not answer the close frame does not delay the shutdown', async (t) => {
  const service = await startService(t, { demo: true, env: { DRAIN_SECONDS: '1' } })
  const { cookie } = await signIn(service.url, 'staff')
  const unresponsive = await openRaw(service.port)
  unresponsive.write(headOf(service.port, { path: PATH, cookie }))
  t.equal((await readAnswer(unresponsive)).status, 101)
  // alive and sending, but it never closes
  unresponsive.write(frame(OPCODE.text, '{"theatre_id":1}'))
  // `ws` would wait 30 s for it
  await within(service.close(), 25_000, 'the service to stop')
  await unresponsive.closed()
  t.equal(closeCode(unresponsive), 1012)
})
