// @ts-check
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { serve } from './driver.mjs'

/** The baseline: the broadcast example of the `ws` documentation, without sessions, permissions or an event log. */
await serve(async () => {
  const server = createServer()
  const sockets = new WebSocketServer({ server, perMessageDeflate: false })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)))
  const address = server.address()
  let seq = 0
  return {
    url: `ws://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`,
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
