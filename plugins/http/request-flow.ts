import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { Turns } from '../../src/concurrency/serial-queue.js'
import { headWithoutUpgrade, namesWebSocket } from '../../src/http/handshake.js'

/** requests of one connection that may wait for the answer before theirs; no browser and no proxy sends any */
const MAX_WAITING = 32

/**
 * From a connection to the requests on it. Node hands over all that one read brought, thousands of pipelined
 * requests, and keeps all their answers until they are taken. Here a connection has one request under way, the next
 * begins when the answer before it has been taken, and who sends too many ahead is cut. So what a connection costs
 * does not grow with what is sent on it.
 */
export default fp(
  async (app) => {
    const { server } = app
    const turns = new Turns<Socket>(MAX_WAITING)

    // kept by Node once it was asked for, for as long as the connection's requests need it: a reset loses it
    server.on('connection', (socket) => void socket.remoteAddress)

    // in the place of Fastify's own listener, which `routing` is
    server.removeAllListeners('request')
    server.on('request', (request, response) => {
      const { socket } = request
      // Node goes on to the end of what it has read, on a connection that was cut too
      if (socket.destroyed) return
      response.once('close', () => {
        if (turns.waiting(socket) === 0) turns.done(socket)
        // the other connections first: answers that are ready at once would follow each other without a pause
        else setImmediate(nextTurn, turns, socket)
      })
      if (!turns.take(socket, () => app.routing(request, response))) socket.destroy()
      // not at once: Node resumes reading when it has read the message to its end
      else if (turns.waiting(socket) === 1) process.nextTick(pauseWhileWaiting, turns, socket)
    })

    // an expectation that nobody knows may be ignored (RFC 9110, 10.1.1); Node's 417 is none of our answers
    server.on('checkExpectation', (request, response) => void server.emit('request', request, response))

    server.on('upgrade', (request, _stream, rest) => {
      const { socket } = request
      // it has not waited for the answers before it, and there can be no others behind it
      if (turns.isTaken(socket)) socket.destroy()
      else if (namesWebSocket(request.headers.upgrade)) app.handshakes.emit('upgrade', request, socket, rest)
      else {
        const head = Buffer.from(headWithoutUpgrade(request), 'latin1')
        // Node has let go of the connection: an error that nobody hears would end the process
        socket.on('error', ignore)
        // not before Node's parser has returned: it is the one that would be taken for it
        setImmediate(() => {
          if (!socket.readable) return void socket.destroy()
          socket.unshift(Buffer.concat([head, rest]))
          server.emit('connection', socket)
        })
      }
    })

    // Fastify closes the connection behind each answer once the service is to end: not while others wait there
    app.addHook('onSend', (request, reply, payload, done) => {
      if (turns.waiting(request.raw.socket) > 0) reply.raw.removeHeader('connection')
      done(null, payload)
    })
  },
  { name: 'request-flow', fastify: '5.x', dependencies: ['websocket'] },
)

const ignore = () => {}

function nextTurn(turns: Turns<Socket>, socket: Socket): void {
  // closed, or closing behind the answer before: nobody takes another
  if (!socket.writable) return turns.drop(socket)
  turns.done(socket)
  if (turns.waiting(socket) === 0) socket.resume()
}

function pauseWhileWaiting(turns: Turns<Socket>, socket: Socket): void {
  if (turns.waiting(socket) > 0) socket.pause()
}
