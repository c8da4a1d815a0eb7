import { randomUUID } from 'node:crypto'
import cookie from '@fastify/cookie'
import session, { type FastifySessionOptions } from '@fastify/session'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type OpenedSession, openGuest } from '../../src/accounts/account-actions.js'
import { touch } from '../../src/accounts/session-writes.js'
import { type Caller, findLive } from '../../src/accounts/sessions.js'
import { withDeadline } from '../../src/concurrency/deadline.js'
import { DomainError, unavailable } from '../../src/errors.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** the token of a session that an action has just made: `openSession` hands it to the cookie */
    pendingToken: string | null
    /** performance.now() of the look-up of `caller` */
    callerReadAt: number
  }
  interface FastifyReply {
    /** Puts a session that an action has made into the cookie, in place of the one before. */
    openSession(opened: Pick<OpenedSession, 'token'> & { absoluteEndsAt: Date }): Promise<void>
    /** Takes the cookie away; the session itself was ended by an action. */
    closeSession(): Promise<void>
  }
  interface FastifyInstance {
    /** preValidation hook: refuses a request that would be answered with a cookie the browser must not take */
    requireSecureTransport(request: FastifyRequest): Promise<void>
    /** Who is asking; a guest is made where there is nobody (400 `insecure_transport` as at a login). */
    callerOrGuest(request: FastifyRequest, reply: FastifyReply): Promise<Caller>
  }
  interface Session {
    caller?: Caller
  }
}

/** ms; the pool has its own deadlines, this one holds whatever hangs */
const LOOKUP_DEADLINE_MS = 8000
/** ms after which the caller of a request is looked up anew before it does anything: half of what rights may take to end */
const READ_AGAIN_MS = 50

/**
 * Sessions of HTTP requests. The rows are made and ended by the actions on accounts, in their transactions; here they
 * are only looked up. So nothing that a request saves late, or by rolling, can bring an ended session back.
 */
export default fp(
  async (app) => {
    const { secure, sameSite } = app.config.session
    const attributes = { path: '/', httpOnly: true, secure, sameSite }
    await app.register(cookie)
    app.addHook('onRequest', async (request) => showOwnCookieOnly(app, request))
    app.decorateRequest('pendingToken', null)
    app.decorateRequest('callerReadAt', 0)
    await app.register(session, {
      secret: app.sessionCookie.signer,
      cookieName: app.sessionCookie.name,
      cookie: attributes,
      rolling: false,
      saveUninitialized: false,
      idGenerator: (request) => request?.pendingToken ?? randomUUID(),
      store: createStore(app),
    })
    app.addHook('onRequest', async (request) => {
      request.caller = request.session.get('caller') ?? null
      request.callerReadAt = performance.now()
      // without the cookie's old value before its eyes the plugin never clears it: a late answer to a request of the
      // old session would take away the cookie of a new one, and so would one signed with an older secret
      request.cookies = {}
    })
    // a body may trickle in for half a minute: whoever was thrown out meanwhile must not act any more
    app.addHook('preValidation', async (request) => {
      if (!request.caller || performance.now() - request.callerReadAt < READ_AGAIN_MS) return
      // by its token: a change of password leaves the session its id
      request.caller = await findLive(app.db, request.session.sessionId, app.config.session)
    })
    app.decorateReply('openSession', openSession)
    app.decorateReply('closeSession', async function closeSession() {
      if (this.request.session) await this.request.session.destroy()
      this.request.caller = null
      this.clearCookie(app.sessionCookie.name, attributes)
    })
    app.decorate('requireSecureTransport', async (request) => {
      if (!secure || request.protocol === 'https') return
      throw new DomainError(
        400,
        'insecure_transport',
        'The session cookie needs https. Behind a proxy that ends TLS, name the proxy in TRUST_PROXY.',
      )
    })
    app.decorate('callerOrGuest', callerOrGuest)
  },
  {
    name: 'session',
    fastify: '5.x',
    dependencies: ['config', 'database', 'session-cookie', 'principal', 'accounts'],
  },
)

/** @fastify/session takes the first cookie of two; it gets to see only what the sockets would take as well. */
function showOwnCookieOnly(app: FastifyInstance, request: FastifyRequest): void {
  const found = app.sessionCookie.read(request)
  request.cookies = found.kind === 'token' ? { [app.sessionCookie.name]: found.signed } : {}
}

async function openSession(
  this: FastifyReply,
  { token, absoluteEndsAt }: { token: string; absoluteEndsAt: Date },
): Promise<void> {
  const { request } = this
  request.pendingToken = token
  await request.session.regenerate()
  request.pendingToken = null
  request.session.cookie.expires = absoluteEndsAt
  // writes nothing (see the store), but tells the plugin to set the cookie
  await request.session.save()
}

async function callerOrGuest(
  this: FastifyInstance,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Caller> {
  if (request.caller) return request.caller
  await this.requireSecureTransport(request)
  const { caller, token } = await openGuest(this.accounts, this.clientOf(request))
  await reply.openSession({ token, absoluteEndsAt: caller.session.absoluteEndsAt })
  request.caller = caller
  return caller
}

const lookupTooLate = () => new Error('the session look-up took too long')

type Store = NonNullable<FastifySessionOptions['store']>

function createStore(app: FastifyInstance): Store {
  return {
    get(token, callback) {
      withDeadline(readCaller(app, token), LOOKUP_DEADLINE_MS, lookupTooLate).then(
        (caller) => callback(null, caller && { cookie: { originalMaxAge: null }, caller }),
        (error: unknown) => {
          app.log.error({ err: error }, 'sessions can’t be read')
          callback(unavailable())
        },
      )
    },
    set: (_token, _session, callback) => callback(),
    destroy: (_token, callback) => callback(),
  }
}

async function readCaller(app: FastifyInstance, token: string): Promise<Caller | null> {
  const { db, config } = app
  const live = await findLive(db, token, config.session)
  if (!live) return null
  if (!live.session.isStale) return live
  // ended since it was read: then there is none
  const times = await touch(db, live.session.id, config.session)
  return times && { ...live, session: { ...live.session, ...times, isStale: false } }
}
