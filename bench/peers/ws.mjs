import { Sender, WebSocketServer } from 'ws'
import { createPeerServer, eventOf, listen } from './peer.mjs'

// The broadcast of the documentation of `ws`: a loop of send, or with BENCH_PREBUILT a frame that is built once. Without
// sessions, permissions or an event log.

const server = createPeerServer(process.env.BENCH_PREBUILT ? emitFrame : emit)
const sockets = new WebSocketServer({ server, perMessageDeflate: false })

function emit(data) {
  const text = JSON.stringify(eventOf(data))
  for (const client of sockets.clients) client.send(text)
}

function emitFrame(data) {
  const options = { fin: true, opcode: 1, mask: false, rsv1: false, readOnly: false }
  const frame = Buffer.concat(Sender.frame(Buffer.from(JSON.stringify(eventOf(data))), options))
  for (const client of sockets.clients) client._socket.write(frame)
}

listen(server)
