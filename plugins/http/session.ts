import { randomUUID } from 'node:crypto'
import cookie from '@fastify/cookie'
import session, { type FastifySessionOptions } from '@fastify/session'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type OpenedSession, openGuest } from '../../src/accounts/account-actions.js'
import { SessionLoader } from '../../src/accounts/session-loader.js'
import { touch } from '../../src/accounts/session-writes.js'
import { type Caller, findLive } from '../../src/accounts/sessions.js'
import { withDeadline } from '../../src/concurrency/deadline.js'
import { DomainError, unavailable } from '../../src/errors.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** the token of a session that an action has just created, for `openSession` */
    pendingToken: string | null
    /** performance.now() when `caller` was looked up */
    callerReadAt: number
  }
  interface FastifyReply {
    /** Sets the cookie of a session that an action has created; replaces the previous one. */
    openSession(opened: Pick<OpenedSession, 'token'> & { absoluteEndsAt: Date }): Promise<void>
    /** Clears the cookie; an action has ended the session itself. */
    closeSession(): Promise<void>
  }
  interface FastifyInstance {
    /** preValidation hook: refuses a request whose Secure cookie the browser would reject */
    requireSecureTransport(request: FastifyRequest): Promise<void>
    /** The caller; creates a guest if there is none (400 `insecure_transport` as at a login). */
    callerOrGuest(request: FastifyRequest, reply: FastifyReply): Promise<Caller>
  }
  interface Session {
    caller?: Caller
  }
}

/** ms; the pool has deadlines of its own, this one covers everything else */
const LOOKUP_DEADLINE_MS = 8000
/** ms after which a request's caller is looked up again before its handler: half the time a revocation may take */
const READ_AGAIN_MS = 50

/**
 * Sessions of HTTP requests. Account actions insert and delete the rows, in their transactions; here they are only read.
 * So no late or rolling save of a request can revive an ended session.
 */
export const sessionPlugin = fp(
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
      store: createStore(app, new SessionLoader(app.rawDb, app.config.session, { gatherMs: 0 })),
    })
    app.addHook('onRequest', async (request) => {
      request.caller = request.session.get('caller') ?? null
      request.callerReadAt = performance.now()
      // hides the old cookie from the plugin, which would otherwise clear it: a late response to a request of the old
      // session, or of one signed with an older secret, would delete the cookie of a new session
      request.cookies = {}
    })
    // a body may take half a minute to arrive: a session that ended meanwhile must not act any more
    app.addHook('preValidation', async (request) => {
      if (!request.caller || performance.now() - request.callerReadAt < READ_AGAIN_MS) return
      // by token: at a password change the session keeps its id
      request.caller = await findLive(app.rawDb, request.session.sessionId, app.config.session)
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
        'The session cookie requires https. Behind a proxy that terminates TLS, name the proxy in TRUST_PROXY.',
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

/** @fastify/session uses the first of two cookies; it sees only a cookie that sockets would accept too. */
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
  // stores nothing (see the store), but makes the plugin set the cookie
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

function createStore(app: FastifyInstance, loader: SessionLoader): Store {
  return {
    get(token, callback) {
      withDeadline(readCaller(app, loader, token), LOOKUP_DEADLINE_MS, lookupTooLate).then(
        (caller) => callback(null, caller && { cookie: { originalMaxAge: null }, caller }),
        // logged with the request, which the store does not know
        (error: unknown) => callback(unavailable(new Error('session look-up failed', { cause: error }))),
      )
    },
    set: (_token, _session, callback) => callback(),
    destroy: (_token, callback) => callback(),
  }
}

async function readCaller(
  app: FastifyInstance,
  loader: SessionLoader,
  token: string,
): Promise<Caller | null> {
  const { rawDb, config } = app
  const live = await loader.load({ token, orderId: null })
  if (!live) return null
  if (!live.session.isStale) return live
  // null when it has ended since it was read
  const times = await touch(rawDb, live.session.id, config.session)
  return times && { ...live, session: { ...live.session, ...times, isStale: false } }
}
