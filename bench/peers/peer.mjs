import { createServer } from 'node:http'
import { serve } from '../servers/measured.mjs'

/** An event as this service sends it, so that the same bytes are compared. */
let seq = 0
export const eventOf = (data) => ({
  type: 'event',
  group: 'theatre:1:orders',
  seq: ++seq,
  name: 'order.seen',
  at: new Date(),
  data,
})

/**
 * The HTTP side of a peer: GET /readyz is 200, and a POST is an event, whose data is the body.
 *
 * @param {(data: unknown) => void} emit
 */
export function createPeerServer(emit) {
  return createServer((request, response) => {
    if (request.method !== 'POST') return response.end('ready')
    let text = ''
    request.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      emit(JSON.parse(text))
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
}

/** Listens on PORT, or a free one. */
export function listen(server) {
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () =>
    serve(server.address().port, async () => {}),
  )
}
