import fp from 'fastify-plugin'
import { markFor } from '../../src/accounts/device-mark.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** the user to remember on the client's device */
    signedInAs: string | null
  }
  interface FastifyReply {
    /** Marks the device as one on which this user has signed in (src/accounts/device-mark.ts). */
    markDevice(username: string): void
  }
}

/** half a year */
const MAX_AGE_SECONDS = 180 * 24 * 3600

/** Sets the cookie that distinguishes sign-ins on a known device from those of strangers at the same address. */
export const deviceMarkPlugin = fp(
  async (app) => {
    const { secure, sameSite } = app.config.session
    const attributes = { path: '/', httpOnly: true, secure, sameSite, maxAge: MAX_AGE_SECONDS }
    app.decorateRequest('signedInAs', null)
    app.decorateReply('markDevice', function markDevice(username) {
      this.request.signedInAs = username
    })
    // after the session's cookie, which some clients expect to come first
    app.addHook('onSend', async (request, reply) => {
      if (request.signedInAs === null) return
      const { markName, signer, readMark } = app.sessionCookie
      const mark = markFor(request.signedInAs, readMark(request))
      reply.setCookie(markName, signer.sign(mark), attributes)
    })
  },
  { name: 'device-mark', fastify: '5.x', dependencies: ['config', 'session-cookie', 'session'] },
)
