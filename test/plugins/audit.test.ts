import t from 'tap'
import { startNode } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { openPlain, openV1 } from '../helpers/socket-client.js'

t.test(
  'closes are counted per code of the protocol; all other codes that a client can choose count as one',
  async (t) => {
    const node = await startNode(t)
    const staff = await openSession(node, 'staff')
    for (const code of [1000, 1000, 3000, 3999, 4000, 4999, 1003]) {
      const socket = await openPlain(node, staff)
      await socket.close(code)
    }
    const cut = await openV1(node, staff)
    cut.terminate()
    for (const code of [1000, 1000, 3000, 3999, 4000, 4999, 1003, 1006]) {
      await node.logs.expect({ msg: 'WSDISCONNECT', code })
    }
    const text = await node.app.metrics.registry.metrics()
    const counted = [...text.matchAll(/^houselights_socket_closes_total\{code="(\w+)"\} (\d+)$/gm)]
    t.same(Object.fromEntries(counted.map(([, code, count]) => [code, count])), {
      1000: '2',
      1006: '1',
      other: '5',
    })
  },
)
