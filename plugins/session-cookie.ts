import type { IncomingMessage } from 'node:http'
import { Signer } from '@fastify/cookie'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Caller } from '../src/accounts/sessions.js'
import { type FoundCookie, readSignedCookie } from '../src/http/signed-cookie.js'

/** Reads and signs the session's cookie: the one reading that HTTP and the sockets share. */
export interface SessionCookie {
  readonly name: string
  /** what @fastify/session signs and verifies with: the first secret signs, all verify */
  readonly signer: Signer
  /** What the request's header holds. Asks no database and believes no value that this service did not sign. */
  read(request: FastifyRequest): FoundCookie
}

declare module 'fastify' {
  interface FastifyInstance {
    sessionCookie: SessionCookie
  }
  interface FastifyRequest {
    /** who is asking, through which live session; null when there is none */
    caller: Caller | null
  }
}

export default fp(
  async (app) => {
    const { cookieName: name } = app.config.session
    const signer = new Signer([...app.config.secrets])
    // a handshake is asked for its cookie by the limits, and again by who lets it in
    const known = new WeakMap<IncomingMessage, FoundCookie>()
    app.decorate('sessionCookie', {
      name,
      signer,
      read({ raw }) {
        const found =
          known.get(raw) ?? readSignedCookie(raw.headers.cookie, name, (value) => signer.unsign(value))
        known.set(raw, found)
        return found
      },
    })
    app.decorateRequest('caller', null)
  },
  { name: 'session-cookie', fastify: '5.x', dependencies: ['config'] },
)
