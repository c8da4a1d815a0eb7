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

const open: RouteGuard = {
  usesQuery: false,
  judgeFlags: () => true,
  judge: async (all) => all.map(() => true),
}

function socketOf(session: LiveSession, guard: RouteGuard) {
  const closes: [code: number, reason: string][] = []
  const socket: WatchedSocket = {
    session,
    guard,
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
    return socketOf(verdict.session, silent)
  })
  for (const { socket } of sockets) watch.add(socket)
  await site.query('DELETE FROM django_session WHERE session_key = $1', [keys[1]])
  await until(() => sockets[1]?.closes.length, 'the end of the session')
  t.same(sockets[1]?.closes[0], [4401, 'session ended'])
  t.same(sockets[0]?.closes, [], 'the other stays')
  t.same(errors, [])
})

t.test('a row that is gone ends the socket, though nobody can say whether it has a successor', async (t) => {
  const site = await siteDatabase(t)
  const database = new DjangoDatabase(site.readerUrl, 2)
  class Failing extends SessionReader {
    override async findSuccessors(): Promise<never> {
      throw new Error('canceling statement due to statement timeout')
    }
  }
  const reader = new Failing(database, await readSchema(database, NAMES), [SITE_SECRET])
  const watch = new SessionWatch({ reader, guardDatabase: database }, () => {}, 20)
  t.teardown(async () => {
    watch.close()
    await database.close()
  })
  const key = await insertSession(site)
  const [verdict] = await reader.readNew([key])
  if (verdict?.kind !== 'live') throw new Error(`the session is ${verdict?.kind}`)
  const { socket, closes } = socketOf(verdict.session, open)
  watch.add(socket)
  await site.query('DELETE FROM django_session WHERE session_key = $1', [key])
  await until(() => closes.length, 'the end of the socket')
  t.match(closes[0], [1012, /^retry=\d+$/])
})
