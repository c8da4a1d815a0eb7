import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import proxyAddr from '@fastify/proxy-addr'
import fp from 'fastify-plugin'

/** What proxies send: nginx's `$request_id`, a UUID, a trace id. A client's text would be copied into log lines. */
const ID = /^[0-9A-Za-z-]{8,64}$/

/**
 * Returns what gives each request an id: the `X-Request-Id` of a trusted proxy if it looks like one, else a new id, which
 * does not tell how many there were.
 */
export function createRequestIds(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  const isTrusted = trustIn(trustedProxies)
  return ({ headers, socket }) => {
    const given = headers['x-request-id']
    // two such headers arrive joined by a comma
    if (typeof given === 'string' && ID.test(given) && isTrusted(socket.remoteAddress)) return given
    return randomUUID()
  }
}

/** Whether an address is a trusted proxy's. */
function trustIn(trustedProxies: readonly string[]): (address: string | undefined) => boolean {
  if (trustedProxies.length === 0) return () => false
  const isTrusted = proxyAddr.compile([...trustedProxies])
  return (address) => address !== undefined && isTrusted(address, 0)
}

/** Names the request in every response: its log lines have the same id as `reqId`. */
export const requestIdPlugin = fp(
  async (app) => {
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id)
      done()
    })
  },
  { name: 'request-id', fastify: '5.x' },
)
