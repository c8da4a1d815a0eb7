import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { type Driver, serve } from './driver.js'

/** The peer: the `ws` library as its manual broadcasts. No session, no rights, no log: what all of ours is measured by. */
await serve(async (): Promise<Driver> => {
  const server = createServer()
  const sockets = new WebSocketServer({ server, perMessageDeflate: false })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  let seq = 0
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    cookie: '',
    protocol: null,
    async emit(events, data) {
      for (let i = 0; i < events; i++) {
        const frame = JSON.stringify({
          type: 'event',
          group: 'theatre:1:orders',
          seq: ++seq,
          name: 'order.seen',
          at: new Date(),
          data,
        })
        for (const client of sockets.clients) client.send(frame)
      }
    },
    async close() {
      for (const client of sockets.clients) client.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
})
