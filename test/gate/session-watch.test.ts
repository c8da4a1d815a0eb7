import t from 'tap'
import { DjangoDatabase, readSchema } from '../../src/gate/django-database.js'
import type { RouteGuard } from '../../src/gate/route-guard.js'
import { type LiveSession, SessionReader } from '../../src/gate/session-reader.js'
import { SessionWatch } from '../../src/gate/session-watch.js'
import type { WatchedSocket } from '../../src/gate/watched-sessions.js'
import { until } from '../helpers/until.js'
import { SITE_SECRET, siteDatabase } from './django.js'
import { insertSession } from './session-row.js'

const NAMES = { userTable: 'auth_user', userId: 'id', sessionTable: 'django_session' }

/** A guard whose question is answered late, or never. */
const silent: RouteGuard = { usesQuery: true, judgeFlags: () => true, judge: () => new Promise(() => {}) }

function socketOf(session: LiveSession) {
  const closes: [code: number, reason: string][] = []
  const socket: WatchedSocket = {
    session,
    guard: silent,
    parameters: {},
    hold() {},
    release() {},
    close: (code, reason) => void closes.push([code, reason]),
  }
  return { socket, closes }
}

t.test('a guard that does not answer does not keep the watch from asking about sessions', async (t) => {
  const site = await siteDatabase(t)
  const database = new DjangoDatabase(site.readerUrl, 2)
  const reader = new SessionReader(database, await readSchema(database, NAMES), [SITE_SECRET])
  const errors: unknown[] = []
  const watch = new SessionWatch({ reader, guardDatabase: database }, (error) => errors.push(error), 20)
  t.teardown(async () => {
    watch.close()
    await database.close()
  })
  const keys = [await insertSession(site), await insertSession(site, { username: 'asha' })]
  const sockets = (await reader.readNew(keys)).map((verdict) => {
    if (verdict.kind !== 'live') throw new Error(`the session is ${verdict.kind}`)
    return socketOf(verdict.session)
  })
  for (const { socket } of sockets) watch.add(socket)
  await site.query('DELETE FROM django_session WHERE session_key = $1', [keys[1]])
  await until(() => sockets[1]?.closes.length, 'the end of the session')
  t.same(sockets[1]?.closes[0], [4401, 'session ended'])
  t.same(sockets[0]?.closes, [], 'the other stays')
  t.same(errors, [])
})
