import type { IncomingMessage } from 'node:http'
import { Signer } from '@fastify/cookie'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type DeviceMark, readMark } from '../src/accounts/device-mark.js'
import type { Caller } from '../src/accounts/sessions.js'
import { type FoundCookie, readSignedCookie } from '../src/http/signed-cookie.js'

/** Reads and signs the session cookie, for HTTP and sockets alike. */
export interface SessionCookie {
  readonly name: string
  /** for @fastify/session: the first secret signs, all verify */
  readonly signer: Signer
  /** Reads the request's cookie and verifies its signature. Doesn't query the database. */
  read(request: FastifyRequest): FoundCookie
  /** The mark of a device on which somebody has signed in, from a cookie of its own; null without a valid one. */
  readMark(request: FastifyRequest): DeviceMark | null
  readonly markName: string
}

declare module 'fastify' {
  interface FastifyInstance {
    sessionCookie: SessionCookie
  }
  interface FastifyRequest {
    /** the user and the live session of the request, looked up by `session` or `handshake`; null without one */
    caller: Caller | null
  }
}

export const sessionCookiePlugin = fp(
  async (app) => {
    const { cookieName: name, secure } = app.config.session
    const markName = secure ? '__Host-deviceid' : 'deviceid'
    const signer = new Signer([...app.config.secrets])
    // a handshake's cookie is read by socket-limits and by handshake
    const known = new WeakMap<IncomingMessage, FoundCookie>()
    app.decorate('sessionCookie', {
      name,
      markName,
      signer,
      readMark({ raw }) {
        const found = readSignedCookie(raw.headers.cookie, markName, (value) => signer.unsign(value))
        return found.kind === 'token' ? readMark(found.token) : null
      },
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
