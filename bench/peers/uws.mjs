import uws from '@trufflesuite/uws-js-unofficial'
import { serve } from '../servers/measured.mjs'
import { eventOf } from './peer.mjs'

// uWebSockets.js with its own publish and subscribe: the frame is built, and written to all, in C++.

const app = uws.App()
app.ws('/*', { compression: uws.DISABLED, open: (socket) => void socket.subscribe('events') })
app.get('/readyz', (response) => void response.end('ready'))
app.post('/*', (response) => {
  let body = Buffer.alloc(0)
  response.onAborted(() => {})
  response.onData((chunk, isLast) => {
    body = Buffer.concat([body, Buffer.from(chunk)])
    if (!isLast) return
    app.publish('events', JSON.stringify(eventOf(JSON.parse(body.toString()))), false)
    response.end('{}')
  })
})
app.listen('127.0.0.1', Number(process.env.PORT ?? 0), (listening) => {
  if (!listening) throw new Error('cannot listen')
  serve(uws.us_socket_local_port(listening), async () => {})
})
