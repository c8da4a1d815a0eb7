import { spawn } from 'node:child_process'
import t from 'tap'
import { theatreOrders } from '../../src/protocol/groups.js'
import { within } from '../helpers/deadline.js'
import { arrived, emit, faultIn, head, seqsOf } from '../helpers/live-events.js'
import { startNode } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { openV1 } from '../helpers/socket-client.js'
import { nodeArguments } from '../helpers/source-program.js'

const GROUP = theatreOrders(1)

/** Runs a process that commits an event and is killed before it publishes. */
async function commitAndDie(url: string): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [...nodeArguments('test/faults/dying-node.ts'), url], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('exit', (_, signal) => resolve(signal)),
  )
  return within(ended, 30_000, 'the child to exit')
}

t.test('delivers an event whose node was killed between commit and publish', async (t) => {
  const node = await startNode(t)
  const staff = await openSession(node, 'staff')
  const socket = await openV1(node, staff)
  const before = await emit(node, GROUP)
  socket.subscribe({ [GROUP]: before })
  t.equal(await commitAndDie(node.database.url), 'SIGKILL')
  const lost = await head(node.db, GROUP)
  t.equal(lost, before + 1)
  await arrived(socket, GROUP, lost)
  t.pass('delivered on another node, from the log')
  await node.close()
  t.equal((await socket.closed()).code, 1012)

  t.equal(await commitAndDie(node.database.url), 'SIGKILL')
  const restarted = await startNode(t, { database: node.database })
  const resumed = await openV1(restarted, staff)
  resumed.subscribe({ [GROUP]: before })
  const last = await emit(restarted, GROUP)
  await arrived(resumed, GROUP, last)
  t.equal(faultIn(seqsOf(resumed, GROUP), before + 1, last), null)
  t.equal(last, before + 3)
})
