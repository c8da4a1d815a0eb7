import { startSession } from '../../src/accounts/session-writes.js'
import { createClient, type HttpClient } from './http-client.js'
import type { TestService } from './service.js'

/** the password of all demo accounts */
export const DEMO_PASSWORD = 'houselights-demo'

export interface SignInOptions {
  password?: string
  userAgent?: string
}

/** Signs in over HTTP; the client keeps the session's cookie. */
export async function signIn(
  url: string,
  username: string,
  { password = DEMO_PASSWORD, userAgent }: SignInOptions = {},
): Promise<HttpClient> {
  const client = createClient(url)
  const headers = userAgent === undefined ? {} : { 'user-agent': userAgent }
  const { status, text } = await client.post('/api/auth/login', { username, password }, { headers })
  if (status !== 200) throw new Error(`the login of ${username} was answered ${status}: ${text}`)
  return client
}

export interface TestSession {
  cookie: string
  sessionId: string
  userId: number
}

/** A new session of this user without a login: for accounts without a password, and for hundreds of sessions. */
export async function openSession(
  { app, config, db }: Pick<TestService, 'app' | 'config' | 'db'>,
  username: string,
): Promise<TestSession> {
  const user = await db.user.findUniqueOrThrow({ where: { username }, select: { id: true } })
  const client = { userAgent: 'test', ip: '127.0.0.1' }
  const session = await db.$transaction((tx) =>
    startSession(tx, { userId: user.id, keep: false, client }, config.session),
  )
  const { name, signer } = app.sessionCookie
  const value = encodeURIComponent(signer.sign(session.token))
  return { cookie: `${name}=${value}`, sessionId: session.id, userId: user.id }
}
