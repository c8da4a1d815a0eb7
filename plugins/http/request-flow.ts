import type { Socket } from 'node:net'
import fp from 'fastify-plugin'

import { CallbackQueue } from '../../src/concurrency/callback-queue.js'
import { headWithoutUpgrade, namesWebSocket } from '../../src/http/handshake.js'

/** pipelined requests that may wait on one connection; browsers and proxies send none */
const MAX_PENDING = 32

/**
 * Serializes the requests of each connection. Node emits every request of one read, thousands when pipelined, and
 * buffers all their responses. Here a connection has one request in progress, the next starts once the response
 * before it has been sent, and a client that pipelines too many is disconnected: the cost of a connection does not
 * grow with what is sent on it.
 */
export const requestFlowPlugin = fp(
  async (app) => {
    const { server } = app
    const queue = new CallbackQueue<Socket>(MAX_PENDING)

    // Node caches the address once read; after a reset it could not be read any more
    server.on('connection', (socket) => void socket.remoteAddress)

    // replaces Fastify's own listener, which is `routing`
    server.removeAllListeners('request')
    server.on('request', (request, response) => {
      const { socket } = request
      // Node parses what it has read to the end, on a destroyed connection too
      if (socket.destroyed) return
      response.once('close', () => {
        if (queue.pending(socket) === 0) queue.finish(socket)
        // other connections first: immediate responses would otherwise follow each other without a pause
        else setImmediate(startNext, queue, socket)
      })
      if (!queue.push(socket, () => app.routing(request, response))) socket.destroy()
      // deferred: Node resumes reading when it has parsed the message to its end
      else if (queue.pending(socket) === 1) process.nextTick(pauseWhilePending, queue, socket)
    })

    // an unknown expectation may be ignored (RFC 9110, 10.1.1); Node's own 417 lacks our headers and body
    server.on('checkExpectation', (request, response) => void server.emit('request', request, response))

    server.on('upgrade', (request, _stream, rest) => {
      const { socket } = request
      // it jumped the queue: a client waits for its responses before it upgrades the connection
      if (queue.isBusy(socket)) socket.destroy()
      else if (namesWebSocket(request.headers.upgrade)) app.handshakes.emit('upgrade', request, socket, rest)
      else {
        const head = Buffer.from(headWithoutUpgrade(request), 'latin1')
        // Node has detached its listeners: an unhandled 'error' would end the process
        socket.on('error', ignore)
        // after Node's parser has returned, so that this one isn't taken for it
        setImmediate(() => {
          if (!socket.readable) return void socket.destroy()
          socket.unshift(Buffer.concat([head, rest]))
          server.emit('connection', socket)
        })
      }
    })

    // During shutdown each connection is closed after its response, but not while other requests wait on it. Fastify says so
    // only where the request has come since: a proxy would keep the connections of the others for its next requests.
    app.addHook('onSend', (request, reply, payload, done) => {
      if (queue.pending(request.raw.socket) > 0) reply.raw.removeHeader('connection')
      else if (app.shuttingDown) reply.raw.setHeader('connection', 'close')
      done(null, payload)
    })
  },
  { name: 'request-flow', fastify: '5.x', dependencies: ['lame-duck', 'websocket'] },
)

const ignore = () => {}

function startNext(queue: CallbackQueue<Socket>, socket: Socket): void {
  // closed, or closing after the last response: no further request can be answered
  if (!socket.writable) return queue.clear(socket)
  queue.finish(socket)
  if (queue.pending(socket) === 0) socket.resume()
}

function pauseWhilePending(queue: CallbackQueue<Socket>, socket: Socket): void {
  if (queue.pending(socket) > 0) socket.pause()
}
